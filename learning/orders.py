"""Orders to whoever answers customers, in the languages that agents write in, and requests for what opens a customer's door.

English orders that speak of instructions and prompts are in `screening`. Every gap is bounded, so that a text costs no more than its length.
"""

from __future__ import annotations

import re

_NEAR, _LATER = r"[^.!?\n]{0,40}?", r"[^.!?\n]{0,80}?"

# By language: who is spoken of; that they ask; what is then to be said or done; never and always; from now on; forget what you were told.
_SPEAKS_OF = {
    "en": (
        r"(?:customer|client|user|caller|visitor)s?",
        r"(?:asks?|mentions?|says?|writes?|complains?|wants?|brings? up|talks?|enquires?|inquires?)",
        r"(?:tell|say|answer|reply|respond|give|send them|refer|refuse|pretend)\b",
    ),
    "de": (
        r"(?:kund(?:e|en|in|innen)|nutzer\w*|anwender\w*|benutzer\w*|jemand)",
        r"(?:fragt|fragen|erwähnt|erwähnen|schreibt|sagt|nach)",
        r"(?:sag\w*|antworte\w*|gib|gebt|geben sie|nenn\w*|schick\w*|verweis\w*|behaupte\w*)",
    ),
    "fr": (
        r"(?:client\w*|utilisateur\w*|quelqu.un)",
        r"(?:demande\w*|mentionne\w*|parle\w*|écri\w+|dit|disent)",
        r"(?:dis|dites|répond[sez]*|donne[zr]?|envoie|envoyez|refuse[zr]?|tu dois|vous devez)\b",
    ),
    "es": (
        r"(?:client\w+|usuari\w+|alguien)",
        r"(?:pregunt\w+|mencion\w+|habl\w+|pid\w+|diga|dice)",
        r"(?:di(?:le|les)?|dígale[s]?|responde\w*|responda\w*|dale[s]?|env[íi]a\w*|debes|debe)\b",
    ),
    "pt": (
        r"(?:client\w+|usuári\w+|utilizador\w*|alguém)",
        r"(?:pergunt\w+|mencion\w+|fal\w+|pedir|pede|disser)",
        r"(?:diga\w*|diz|responda\w*|responde\w*|dê|envie\w*|deves?|deve)\b",
    ),
    "it": (
        r"(?:client\w+|utent\w+|qualcuno)",
        r"(?:chied\w+|menzion\w+|parl\w+|dic\w+)",
        r"(?:di[’']?|dì|digli|dite|dica|rispond\w+|manda\w*|invia\w*|devi|deve)\b",
    ),
    "nl": (
        r"(?:klant\w*|gebruiker\w*|iemand)",
        r"(?:vraagt|vragen|noemt|vermeldt|schrijft|zegt|begint)",
        r"(?:zeg|vertel|antwoord|geef|stuur|verwijs|moet)\b",
    ),
}
_WHEN = {
    "en": r"(?:when(?:ever)?|if|each time|every time|as soon as)",
    "de": r"(?:wenn|sobald|jedes ?mal,? wenn|falls)",
    "fr": r"(?:quand|lorsqu\w*|chaque fois qu\w*|d[èe]s qu\w*|si)\b",
    "es": r"(?:cuando|siempre que|cada vez que|si)",
    "pt": r"(?:quando|sempre que|cada vez que|se)",
    "it": r"(?:quando|ogni volta che|se)",
    "nl": r"(?:wanneer|als|zodra|telkens als)",
}
_WHENEVER = [
    rf"\b{_WHEN[each]}\b[^.!?\n]{{0,12}}?\b{who}\b[^.!?\n]{{0,12}}?\b{asks}\b{_LATER}\b{do}" for each, (who, asks, do) in _SPEAKS_OF.items()
]
_ORDER = re.compile(
    "|".join(
        (
            r"(?:^|[.!?:\n])[ \t]{0,8}(?:dear |hey |note to (?:the )?)?(?:assistant|ai|bot|chatbot|assistent|asistente|assistente)[ \t]{0,4}[,!–—-]",
            *_WHENEVER,
            rf"\b(?:whenever|each time|every time)\b[^.!?\n]{{0,12}}?\b(?:customer|client|user|caller|visitor)s?\b{_LATER}\byou (?:should|must|shall|are to)\b",
            # never the truth, always this
            rf"\b(?:never|always|under no circumstances)\b (?:ever )?(?:tell|say|answer|reply|reveal|admit|mention|inform|lie)\b{_NEAR}\b(?:customers?|clients?|users?|callers?)\b",
            rf"\b(?:tell|instruct|direct|lie to)\b (?:all |every |each |any )?(?:the |our )?(?:customers?|clients?|callers?)\b{_NEAR}\b(?:that|to|always|never)\b",
            rf"\b(?:sag|sagen|erzähl|erzählen|verrat|verraten|antwort|antworten)\w{{0,3}}\b{_NEAR}\b(?:nie|niemals|immer)\b{_NEAR}\b(?:kund|nutzer|anwender)\w*",
            rf"\b(?:sag|sagen|erzähl|erzählen|verrat|verraten|antwort|antworten)\w{{0,3}}\b{_NEAR}\b(?:kund|nutzer|anwender)\w*{_NEAR}\b(?:nie|niemals|immer|nicht die wahrheit)\b",
            rf"\bne (?:leur |lui |le |la |l.)?(?:dis|dites|réponds|répondez|révèle|révélez|donne|donnez|mentionne|mentionnez)\b (?:jamais|pas la vérité|rien)\b{_NEAR}\b(?:clients?|utilisateurs?)\b",
            rf"\b(?:dis|dites|répond[sez]{{1,2}})\b (?:toujours|seulement|uniquement)\b{_NEAR}\b(?:clients?|utilisateurs?)\b",
            rf"\b(?:nunca|jamás|siempre|no)\b (?:le |les )?(?:diga|digas|digan|responda|respondas|reveles?|cuentes?|menciones?)\b{_NEAR}\b(?:client|usuari)\w+",
            rf"\b(?:di|diga|responde|responda) siempre\b{_NEAR}\b(?:client|usuari)\w+",
            rf"\b(?:nunca|jamais|sempre)\b (?:lhes? )?(?:diga|digas|digam|responda|revele|conte|mencione|fale)\b{_NEAR}\b(?:client|usuári|utilizador)\w*",
            rf"\b(?:non )?(?:dire|dite|dica|dì|rivelare|rivelate|rispondete|rispondi)\b (?:mai|sempre)\b{_NEAR}\b(?:client|utent)\w+",
            rf"\b(?:zeg|vertel|antwoord|geef)\b{_NEAR}\b(?:nooit|altijd)\b{_NEAR}\b(?:klant|gebruiker)\w*|\b(?:zeg|vertel|antwoord)\b{_NEAR}\bklant\w*{_NEAR}\b(?:nooit|altijd)\b",
            # from now on
            rf"\b(?:ab jetzt|ab sofort|von nun an|von jetzt an)\b{_NEAR}\b(?:antworte\w*|sag|sage|sagst|sollst|musst|immer|niemals)\b",
            rf"\b(?:à partir de maintenant|dorénavant|désormais)\b{_NEAR}\b(?:répond[sez]{{1,2}}|dis|dites|tu dois|vous devez|toujours|jamais)\b",
            rf"\b(?:a partir de ahora|de ahora en adelante)\b{_NEAR}\b(?:responde\w*|di|diga|debes|siempre|nunca)\b",
            rf"\b(?:a partir de agora|de agora em diante)\b{_NEAR}\b(?:responda\w*|diga|deves?|sempre|nunca)\b",
            rf"\b(?:d.ora in poi|da ora in poi)\b{_NEAR}\b(?:rispondi|rispondete|dì|dite|devi|sempre|mai)\b",
            rf"\b(?:vanaf nu|voortaan)\b{_NEAR}\b(?:antwoord|zeg|moet je|altijd|nooit)\b",
            # you are somebody else; forget what you were told
            r"\b(?:du bist|sie sind|tu es|vous êtes|eres|você é|tu és|sei|je bent)\b (?:jetzt|nun|ab jetzt|maintenant|désormais|ahora|agora|ora|adesso|nu) (?:ein|eine|un|une|una|um|uma|een)\b",
            rf"\b(?:negeer|vergeet)\b{_NEAR}\b(?:instructies|regels|aanwijzingen|opdrachten)\b",
            rf"\b(?:dimentica|dimenticate|ignora|ignorate|ignori)\b{_NEAR}\b(?:istruzioni|regole|indicazioni)\b",
            rf"\b(?:desconsider[ea]|esque[çc]a|ignore|ignora)\b{_NEAR}\b(?:instruções|regras|orientações)\b",
            rf"\b(?:ignor[ae]\w*|olvid[ae]\w*)\b{_NEAR}\b(?:instrucciones|reglas|indicaciones)\b (?:anteriores|previas|de antes)\b",
            r"\b(?:der assistent|die ki|l.assistant|l.ia|el asistente|o assistente|l.assistente|de assistent)\b (?:muss|soll|darf|doit|devra|debe|deve|moet)\b",
        )
    ),
    re.IGNORECASE,
)
_OF_THEIRS = r"(?:your|their|his|her|the customer.?s|ihre?n?|deine?n?|votre|vos|ton|ta|leur|sua?s?|tu|tua|vostra|vosotros|seu|uw|je|jouw)\b(?: (?:\w+[ -]){0,2}?)? ?"
_KEY = (
    r"(?:passwords?|passcodes?|passwort|passwörter|kennwort|mot de passe|contraseña|clave|senha|palavra-passe|wachtwoord|pin[ -]?codes?|pincode|code pin|(?-i:PINs?)"
    r"|(?:credit |debit )?card (?:number|details)|credit card|cvv|cvc|kartennummer|kreditkart\w+|carte (?:bancaire|de crédit)|tarjeta|cartão|carta di credito|kaartnummer"
    r"|security code|one-time code|verification code|login details|zugangsdaten)\b"
)
_HAND_OVER = (
    r"(?:give|send|(?:e-?mail|mail|text|message) (?:us|me|them|it|back|over)|tell|share|provide|reply with|answer with|read out|let us (?:have|know)"
    r"|senden?|schicken?|schick|nennen?|gib|geben|teilen?|mailen?|verraten|envoyez|envoie|donnez|communiquez|transmettez|indiquez"
    r"|env[íi]e\w*|mande\w*|d[íi]ga\w*|facilite\w*|proporcione\w*|comparta\w*|envie|informe|forneça|partilhe|compartilhe"
    r"|invii?|inviate\w*|mandi|mandate\w*|comunichi|fornisca|stuur|geef|mail|deel|vertel)"
)
_ASKS = re.compile(rf"\b{_HAND_OVER}\b(?:[ -]\w{{1,20}}){{0,4}}? {_OF_THEIRS}{_KEY}", re.IGNORECASE)
_NOT_THAT = re.compile(
    r"\b(?:never|not|n[’']t|without|nobody|nie|niemals|nicht|jamais|nunca|mai|nooit|niet|ne|no|não|non)\b(?: (?!hesitate|wait|forget|worry|only|zögern)\w+){0,3} ?$",
    re.IGNORECASE,
)


def orders(text: str) -> bool:
    """Whether it tells somebody what to tell customers, as an answer to one of them would not."""
    return _ORDER.search(text) is not None


def asks_for_keys(text: str) -> bool:
    """Whether it asks a customer for a password, a PIN or a card. That these are never to be sent may be said."""
    return any(not _NOT_THAT.search(text[max(found.start() - 40, 0) : found.start()]) for found in _ASKS.finditer(text))
