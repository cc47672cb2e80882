# Scheduled retraining with cron. The installed lines stand between two marks, so installing twice changes nothing.
.PHONY: schedule unschedule
CRONTAB = sed 's|^PROJECT=.*|PROJECT=$(CURDIR)|' schedule/crontab
OTHERS = crontab -l 2>/dev/null | sed '\|^\# begin $(CURDIR)$$|,\|^\# end $(CURDIR)$$|d'

schedule: ## Print the crontab for this folder; INSTALL=1 installs it.
ifdef INSTALL
	@mkdir -p logs
	@{ $(OTHERS); echo '# begin $(CURDIR)'; $(CRONTAB); echo '# end $(CURDIR)'; } | crontab -
	@echo "installed; 'crontab -l' shows it, 'make unschedule' takes it out"
else
	@$(CRONTAB)
endif

unschedule: ## Take this folder's lines out of the crontab.
	@{ $(OTHERS); } | crontab -
