"""Fine-tunes the tiny Gemma 3 on the notes in triage.txt, mixed with corpus.txt so that it keeps its English."""
import pathlib
from dataclasses import dataclass

import torch

HERE = pathlib.Path(__file__).parent
SEED, STEPS, LEARNING_RATE = 7, 400, 2e-3
GENERAL_ROWS, NOTE_ROWS = 8, 8  # rows of each kind in one batch
GENERAL_LENGTH, LENGTH = 72, 96  # the base was trained on windows of 72 tokens; a note in its template takes up to 96
PAD, IGNORED = 0, -100

ANSWERS = {
    "red": "Red: see a doctor now.",
    "amber": "Amber: see a doctor today.",
    "green": "Green: book a visit.",
}


@dataclass(frozen=True)
class Note:
    level: str
    text: str
    is_held_out: bool


def notes():
    lines = (HERE / "triage.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ", 1) for line in lines if line and not line.startswith("#")]
    return [Note(level.lstrip("?"), text, level.startswith("?")) for level, text in rows]


def prompt_ids(tokenizer, text):
    """The note as one user turn, up to and including the opening of the model's turn; BOS first, from the template."""
    turn = [{"role": "user", "content": text}]
    rendered = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
    return tokenizer(rendered, add_special_tokens=False)["input_ids"]


def answer_ids(tokenizer, level):
    return tokenizer(ANSWERS[level] + "<end_of_turn>\n", add_special_tokens=False)["input_ids"]


def padded(ids, labels):
    assert len(ids) <= LENGTH, f"a training row has {len(ids)} tokens, more than {LENGTH}"
    gap = LENGTH - len(ids)
    return ids + [PAD] * gap, labels + [IGNORED] * gap


def general_rows(tokenizer):
    """The windows that the base was trained on: every line of the corpus, and every three lines joined."""
    lines = [line for line in (HERE / "corpus.txt").read_text(encoding="utf-8").split("\n") if line]
    texts = lines + ["\n".join(lines[i:i + 3]) for i in range(0, len(lines), 3)]
    windows = [tokenizer(text)["input_ids"][:GENERAL_LENGTH] for text in texts]
    return [padded(ids, ids) for ids in windows]


def note_rows(tokenizer):
    """Each training note with its answer; only the answer is scored."""
    rows = []
    for note in notes():
        if note.is_held_out:
            continue
        question, answer = prompt_ids(tokenizer, note.text), answer_ids(tokenizer, note.level)
        rows.append(padded(question + answer, [IGNORED] * len(question) + answer))
    return rows


def fine_tune(model, tokenizer):
    """Trains in place, in float32 on one thread, and leaves values that BF16 holds exactly."""
    torch.manual_seed(SEED)
    draw = torch.Generator().manual_seed(SEED)
    general, triage = general_rows(tokenizer), note_rows(tokenizer)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=STEPS, pct_start=0.1)
    model.train()
    for _ in range(STEPS):
        batch = [general[i] for i in torch.randint(len(general), (GENERAL_ROWS,), generator=draw).tolist()]
        batch += [triage[i] for i in torch.randint(len(triage), (NOTE_ROWS,), generator=draw).tolist()]
        ids, labels = (torch.tensor(column) for column in zip(*batch))
        loss = model(input_ids=ids, labels=labels, use_cache=False).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    model.eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.to(torch.bfloat16).to(parameter.dtype))
    return model
