# Scheduled jobs with cron, from schedule/jobs.toml. The lines stand between two marks, so installing twice changes nothing.
.PHONY: schedule unschedule

schedule: setup ## Print the crontab for this folder; INSTALL=1 installs it.
	@$(BIN)/python -m mlgen_runtime.scheduling.cron.crontab $(if $(INSTALL),--install)

unschedule: setup ## Take this folder's lines out of the crontab.
	@$(BIN)/python -m mlgen_runtime.scheduling.cron.crontab --remove
