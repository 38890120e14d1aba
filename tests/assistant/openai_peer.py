"""A local server that speaks OpenAI's chat completions over HTTP: JSON, server-sent events, and the errors the real one gives."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

A_WORD = 0.2  # seconds: longer than between two glimpses of an answer


class Peer:
    """Set `mood` to what the next requests meet: ok, unauthorised, busy, broken, garbage, half, slow, silent, wordy, dying.

    Wordy, it writes a word at a time as fast as people read, and halfway waits until it is `released`; dying, it breaks there.
    """

    def __init__(self):
        self.mood, self.text, self.requests = "ok", "", []
        self.released, self.closed = threading.Event(), threading.Event()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                peer.requests.append({"path": self.path, "body": body, "authorization": self.headers.get("Authorization")})
                getattr(peer, f"_{peer.mood}")(self, body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self.closed.set()
        self.server.shutdown()
        self.server.server_close()

    def _ok(self, handler, body):
        if body.get("stream"):
            self._events(handler, body, [*self._deltas(body), "data: [DONE]\n\n"])
        else:
            message = {"role": "assistant", "content": self.text}
            self._json(handler, 200, self._frame(body, "chat.completion", {"index": 0, "message": message, "finish_reason": "stop"}))

    def _unauthorised(self, handler, body):
        self._error(handler, 401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")

    def _busy(self, handler, body):
        self._error(handler, 429, "Rate limit reached.", "requests", "rate_limit_exceeded", {"Retry-After": "20"})

    def _broken(self, handler, body):
        self._error(handler, 500, "The server had an error.", "server_error", None)

    def _garbage(self, handler, body):
        self._events(handler, body, ["data: {not json\n\n", "data: [DONE]\n\n"])

    def _half(self, handler, body):
        """The connection breaks in the middle of the stream."""
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        handler.wfile.write("".join(self._deltas(body)[:3]).encode())
        handler.wfile.flush()
        handler.close_connection = True

    def _slow(self, handler, body):
        self.released.wait(30)
        handler.close_connection = True

    def _wordy(self, handler, body):
        deltas = self._deltas(body)
        half = len(deltas) // 2
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        self._chunks(handler, deltas[:half])
        self.released.wait(30)
        if self.mood == "wordy":
            self._chunks(handler, [*deltas[half:], "data: [DONE]\n\n"])
            handler.wfile.write(b"0\r\n\r\n")
        handler.close_connection = True

    _dying = _wordy

    def _silent(self, handler, body):
        self._events(handler, body, [self._delta(body, {"role": "assistant"}), "data: [DONE]\n\n"])

    def _deltas(self, body):
        words = self.text.split(" ")
        tokens = [word + (" " if i + 1 < len(words) else "") for i, word in enumerate(words)]
        return [self._delta(body, {"role": "assistant", "content": ""}), *(self._delta(body, {"content": token}) for token in tokens)]

    def _delta(self, body, delta):
        frame = self._frame(body, "chat.completion.chunk", {"index": 0, "delta": delta, "finish_reason": None})
        return f"data: {json.dumps(frame)}\n\n"

    @staticmethod
    def _frame(body, kind, choice):
        return {"id": "chatcmpl-1", "object": kind, "created": int(time.time()), "model": body["model"], "choices": [choice]}

    @staticmethod
    def _events(handler, body, events):
        payload = "".join(events).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Length", str(len(payload)))
        handler.end_headers()
        handler.wfile.write(payload)

    def _chunks(self, handler, events):
        for event in events:
            handler.wfile.write(f"{len(event.encode()):x}\r\n{event}\r\n".encode())
            handler.wfile.flush()
            self.closed.wait(A_WORD)

    def _error(self, handler, status, message, kind, code, headers=None):
        self._json(handler, status, {"error": {"message": message, "type": kind, "param": None, "code": code}}, headers)

    @staticmethod
    def _json(handler, status, value, headers=None):
        payload = json.dumps(value).encode()
        handler.send_response(status)
        for name, content in {"Content-Type": "application/json", "Content-Length": str(len(payload)), **(headers or {})}.items():
            handler.send_header(name, content)
        handler.end_headers()
        handler.wfile.write(payload)
