import os

from cuesmith_client import Cuesmith

with Cuesmith(os.environ["CUESMITH_URL"], os.environ["CUESMITH_KEY"]) as cuesmith:
    brief = cuesmith.send(prompt="two soft notes", kind="chime", duration_ms=600, candidates=1)
    for event in brief.events():
        print(event.id, event.type, event.facts)
