"""Alerts: somebody is told once when a figure turns bad, and once when it is good again.

settings    the rules and the sinks of conf/alert
state       where a rule stands for one column or slice, and how a window moves it
judge       moves every rule's state by a window, in the database, and writes down what fired and what resolved
windows     the alerts of one run of monitoring
deliver     tells each sink what it has not been told
sink        the ways to tell: a log, a webhook, mail, and those that the project registered
files       what follows from the rules for others, written by `monitor`:
prometheus  the same rules for Prometheus and Alertmanager
grafana     the same rules and figures as a dashboard
expressions the figures of rules in Prometheus' language
"""
