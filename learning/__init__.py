"""Turns outcomes into better decisions. Knows helpdesk only; numbers and vectors in, probabilities and evidence out.

A turn uses it so (two SQL queries in all, plus one for the log):

    question = Question(text, vector, at=at, page=page, segment=segment, customer_id=customer.pk)      learning.question
    recall = scoring.recall(question)                     # what solved similar questions; `recall.source_ids` are candidates too
    candidates = [...]                                    # yours: dense + full text + recall.source_ids, through visible_to(customer)
    ranking = scoring.rank(question, candidates, recall)  # .action, .first, .options, .confidence, .threshold, .control
    decision = decisions.log(question, ranking, ticket=ticket, message=message, latency_ms={...}, at=at)

`message` is the customer's message that asked; the assistant's answer carries `meta["decision"] = decision.pk`.
The loop back: Event -> consume.py -> Signal (the ledger) -> Episode -> the next question. `evidence.evidence(decision)` explains.
Nothing here asks for the time: every function takes `at`.
"""
