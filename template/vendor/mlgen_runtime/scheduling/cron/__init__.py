"""Jobs with cron: the lines that a project's jobs have in the crontab."""
