# Scheduled jobs with cron, from schedule/jobs.toml. The lines stand between two marks, so installing twice changes nothing.
.PHONY: schedule unschedule

schedule: setup ## Print the crontab for this folder; INSTALL=1 installs it.
	@$(BIN)/python schedule/crontab.py $(if $(INSTALL),--install)

unschedule: setup ## Take this folder's lines out of the crontab.
	@$(BIN)/python schedule/crontab.py --remove
