"""Answers made of a language model's replies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tools.adapters.oracles.cost import Costing, Share
from tools.adapters.oracles.endpoint import Completion
from tools.adapters.oracles.prompt import item_of
from tools.adapters.oracles.reply import Reply, Tokens, read_replies, read_reply
from tools.engine.demonstrations import Demonstration
from tools.engine.paid import AnswerCache, PaidAnswer
from tools.engine.records import Answer, Text, TextId

CUT, WITHHELD = "length", "content_filter"
"""Why a reply ended that says too little, as endpoints name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """An answer, and how it is kept; a failure is not."""

    answer: Answer
    paid: PaidAnswer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Makes answers for one way of asking one model.

    `before` are demonstrations that some texts have of their own: an answer is known by them too.
    """

    costing: Costing
    source: str
    model: str
    before: Mapping[TextId, Sequence[Demonstration]] = field(default_factory=dict)

    def item(self, text: Text) -> str:
        """What an answer about this text is known by."""
        return item_of(text.text, self.before.get(text.id, ()))

    def known(self, cache: AnswerCache, texts: Sequence[Text]) -> Iterator[Answer]:
        """Yield the answers that were paid for before; one costs only what of its cost no label carries yet."""
        key = self.costing.prompt.key
        items = {text.id: self.item(text) for text in texts}
        found = cache.find(key, self.model, list(dict.fromkeys(items.values())))
        for text in texts:
            paid = found.get(items[text.id])
            if paid is None:
                continue
            yield Answer(
                text_id=text.id,
                outcome=paid.outcome,
                label=paid.label,
                confidence=paid.confidence,
                cost=paid.owed,
                source=self.source,
                model=self.model,
                prompt_hash=self.costing.prompt.hash,
                note=None if paid.owed else "The model was asked this before; nothing was paid again.",
            )
            if paid.owed:
                cache.keep(key, self.model, (), [paid.item])
                found[paid.item] = replace(paid, owed=0.0)

    def replies(self, keyed: Mapping[str, Text], completion: Completion) -> dict[str, Reply]:
        """The valid answers of a reply about texts that were sent under these keys."""
        prompt = self.costing.prompt
        if prompt.several:
            return read_replies(completion.text, prompt.choices, keyed.keys())
        reply = read_reply(completion.text, prompt.choices)
        return {} if reply is None else dict.fromkeys(keyed, reply)

    def alone(self, text: Text, completion: Completion) -> Arrived:
        """What a reply about this one text says."""
        [share] = self.costing.shares([text.text], completion)
        reply = self.replies({"": text}, completion).get("")
        if reply is None:
            return self.failed(text, self.why_unusable(completion), spent=share.cost)
        return self.answered(text, reply, Tokens(completion.text, completion.tokens), share)

    def answered(  # noqa: PLR0913 - what an answer is made of
        self, text: Text, reply: Reply, tokens: Tokens, share: Share, *, seconds: float = 0.0, spent: float = 0.0
    ) -> Arrived:
        """The answer of a valid reply; `spent` is what was paid for the text before."""
        prompt = self.costing.prompt
        decided = reply.choice != prompt.unsure
        probability = tokens.probability(reply)
        answer = Answer(
            text_id=text.id,
            outcome="label" if decided else "unsure",
            label=reply.choice if decided else None,
            confidence=(reply.stated if probability is None else probability) if decided else None,
            cost=spent + share.cost,
            seconds=seconds,
            source=self.source,
            model=self.model,
            prompt_hash=prompt.hash,
        )
        paid = PaidAnswer(
            item=self.item(text),
            outcome=answer.outcome,
            label=answer.label,
            confidence=answer.confidence,
            cost=answer.cost,
            owed=answer.cost,
            input_bytes=share.input_bytes,
            input_tokens=share.input_tokens,
            output_tokens=share.output_tokens,
        )
        return Arrived(answer=answer, paid=paid)

    def failed(self, text: Text, note: str, *, seconds: float = 0.0, spent: float = 0.0) -> Arrived:
        """A text without an answer, with the cause and what was paid all the same."""
        answer = Answer(
            text_id=text.id,
            outcome="failed",
            cost=spent,
            seconds=seconds,
            source=self.source,
            model=self.model,
            prompt_hash=self.costing.prompt.hash,
            note=note,
        )
        return Arrived(answer=answer)

    def why_unusable(self, completion: Completion) -> str:
        """Why a reply about one text is no answer."""
        if completion.refused:
            return "The model refused to answer."
        if completion.finish == CUT:
            return f"The reply was cut at {self.costing.output_limit(1)} tokens."
        if completion.finish == WITHHELD:
            return "The endpoint's content filter withheld the reply."
        return f"The reply is none of the choices: {completion.text[:40]!r}"
