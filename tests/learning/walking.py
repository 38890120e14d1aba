"""Reads a page of figures as somebody who does not believe them: each number that leads to tickets, and how many tickets are there."""

import html
import re

LISTS = re.compile(r"^/(?:learning/questions|gaps/\d+/tickets)/")
LINK = re.compile(r"<a\b([^>]*)>(.*?)</a>", re.DOTALL)
WHY = re.compile(r'<p class="lesson__why">([^<]*)<a\b[^>]*href="([^"]+)"')


def told(client, address):
    """By address of the list: what the page says of it. Says it differently in two places, and the test that asks fails here."""
    page, found = client.get(address).content.decode(), {}
    reasons = {html.unescape(url): text for text, url in WHY.findall(page)}
    for attributes, inside in LINK.findall(page):
        url = html.unescape(re.search(r'href="([^"]*)"', attributes)[1])
        if LISTS.match(url):
            number = _number(reasons.get(url) or _title(attributes, inside) or re.sub(r"<[^>]+>", " ", inside), is_reason=url in reasons)
            assert found.setdefault(url, number) == number, (address, url)
    return found


def listed(client, address):
    """How many stand in the list, on all its pages. A ticket of which the same was said twice says so."""
    count, url = 0, address
    while url:
        page = client.get(url).content.decode()
        count += page.count('<th scope="row">') + sum(int(times) - 1 for times in re.findall(r"· (\d+) times", page))
        following = re.search(r'rel="next" href="([^"]+)"', page)
        url = address.partition("?")[0] + html.unescape(following[1]) if following else ""
    return count


def _title(attributes, inside):
    told = re.search(r'title="([\d,]+) tickets?"', attributes) or re.search(r"<title>.*\. (Of [\d,]+)\.</title>", inside, re.DOTALL)
    return told and told[1]


def _number(text, is_reason):
    numbers = re.findall(r"\d[\d,]*", text)
    assert numbers, text
    return int(numbers[0 if is_reason else -1].replace(",", ""))
