"""A local server that speaks SMTP, as far as Django's backend does: what it was given is in `mails`, as (recipients, parsed message)."""

import email
import email.policy
import socketserver
import threading
from email.message import EmailMessage


class Peer:
    def __init__(self):
        self.mails: list[tuple[list[str], EmailMessage]] = []
        peer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.say("220 mail.example")
                recipients = []
                while line := self.rfile.readline():
                    word, _, rest = line.decode().strip().partition(" ")
                    if word.upper() == "RCPT":
                        recipients.append(rest.partition(":")[2].strip("<> "))
                    if word.upper() == "DATA":
                        self.say("354 Go on")
                        peer.mails.append((recipients, self.message()))
                        recipients = []
                    self.say("221 Bye" if word.upper() == "QUIT" else "250 OK")
                    if word.upper() == "QUIT":
                        return

            def message(self):
                lines = iter(self.rfile.readline, b".\r\n")
                return email.message_from_bytes(b"".join(line.removeprefix(b".") for line in lines), policy=email.policy.default)

            def say(self, words):
                self.wfile.write(words.encode() + b"\r\n")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host, self.port = self.server.server_address[:2]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
