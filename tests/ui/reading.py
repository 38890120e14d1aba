"""Reads a page as a screen reader would begin to: what is there to press, and what is it called?"""

from html.parser import HTMLParser

VOID = {"input", "img", "meta", "link", "br", "hr", "use", "path", "rect", "line", "circle"}
PRESSABLE = {"a", "button", "summary", "input", "textarea", "select"}


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.open, self.nodes, self.ids, self.labelled = [], [], [], set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        node = {
            "tag": tag,
            "attrs": dict(attrs),
            "text": "",
            "hidden": dict(attrs).get("aria-hidden") == "true" or "hidden" in dict(attrs),
            "label": None,
        }
        node["label"] = next((parent for parent in self.open if parent["tag"] == "label"), None)
        if "id" in node["attrs"]:
            self.ids.append(node["attrs"]["id"])
        if tag == "label" and "for" in node["attrs"]:
            self.labelled.add(node["attrs"]["for"])
        self.nodes.append(node)
        if tag == "img":
            self.handle_data(node["attrs"].get("alt") or "")
        if node["attrs"].get("aria-label") and not node["hidden"]:
            self.handle_data(node["attrs"]["aria-label"])
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1]["tag"] == tag:
            self.open.pop()

    def handle_endtag(self, tag):
        while self.open and self.open.pop()["tag"] != tag:
            pass

    def handle_data(self, data):
        if not any(node["hidden"] for node in self.open):
            for node in self.open:
                node["text"] += data

    def is_named(self, node):
        attrs = node["attrs"]
        if attrs.get("aria-label") or attrs.get("aria-labelledby") or attrs.get("title"):
            return True
        if node["tag"] in {"input", "textarea", "select"}:
            return attrs.get("type") in {"hidden", "submit"} or attrs.get("id") in self.labelled or bool(node["label"])
        return bool(node["text"].strip())

    def complaints(self):
        """What a person who cannot see the page would stumble over."""
        named = [node for node in self.nodes_of(*PRESSABLE) if not node["hidden"]]
        yield from (f"no name: <{node['tag']} {node['attrs']}>" for node in named if not self.is_named(node))
        yield from (f"no alt: {node['attrs']}" for node in self.nodes_of("img") if "alt" not in node["attrs"])
        yield from (f"twice: #{each}" for each in sorted({each for each in self.ids if self.ids.count(each) > 1}))
        for node in self.nodes:
            for key in ("aria-labelledby", "aria-describedby"):
                for target in (node["attrs"].get(key) or "").split():
                    if target not in self.ids:
                        yield f"{key} points nowhere: {target}"

    def nodes_of(self, *tags):
        return [node for node in self.nodes if node["tag"] in tags]


def complaints(html):
    return list(Page(html).complaints())
