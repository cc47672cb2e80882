"""Sinks of your own: who is told, and how, when an alert fires or resolves. To use the one below, uncomment it, name it
in conf/alert/default.yaml (`sinks: [team_chat]`) and set TEAM_CHAT_URL where `monitor` runs. A sink that fails is told
again by the next `monitor`, and holds up no other.
"""

# import json
# import os
# import urllib.request
# from collections.abc import Sequence
#
# from mlgen_runtime.extend import Notice, sink
#
#
# @sink
# def team_chat(notices: Sequence[Notice]) -> None:
#     """Post what happened where a chat takes messages over HTTP."""
#     body = json.dumps({"text": "\n".join(notice.event.title for notice in notices)}).encode()
#     headers = {"content-type": "application/json"}
#     request = urllib.request.Request(os.environ["TEAM_CHAT_URL"], body, headers)
#     urllib.request.urlopen(request, timeout=10).close()
