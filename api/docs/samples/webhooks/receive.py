import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(Path("hook.secret").read_text().strip())
seen = set()  # in your service: a table


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            event = webhook.verify(body, dict(self.headers))
        except WebhookVerificationError:
            self.send_response(400)
        else:
            self.take(self.headers["webhook-id"], event)
            self.send_response(204)
        self.end_headers()

    def take(self, name, event):
        if name not in seen:  # a message comes at least once
            seen.add(name)
            print(event["type"], event["data"], flush=True)


HTTPServer(("", int(os.environ["HOOK_PORT"])), Receiver).serve_forever()
