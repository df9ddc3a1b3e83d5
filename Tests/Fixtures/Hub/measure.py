"""Measures with transformers, float32, eager attention, no cache: the numbers in golden.json."""
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import triage

# Whole sentences of corpus.txt, short enough for the 72-token windows that the models were trained on.
PROBE = ("The ship was painted white and blue. It had two masts and a small engine. "
         "The captain was a tall woman with grey hair and a loud voice.")
PROMPT = "The old harbour woke before the sun did. A boy carried a lamp along the wall and counted"
GREEDY_TOKENS = 16


def load(folder):
    """Model and tokenizer as a user would load them; float32 because that is what our engine computes in."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval(), AutoTokenizer.from_pretrained(folder)


@torch.no_grad()
def logits(model, ids):
    return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0].float()


def mean_nll(model, ids):
    """Mean negative log-likelihood over the len(ids) - 1 predictions."""
    log_probabilities = torch.log_softmax(logits(model, ids)[:-1].double(), -1)
    return float(-log_probabilities[torch.arange(len(ids) - 1), torch.tensor(ids[1:])].mean())


def greedy(model, ids, count=GREEDY_TOKENS):
    """The next tokens, recomputed from scratch each step, and the smallest lead of the first over the second."""
    ids, start, lead = list(ids), len(ids), float("inf")
    for _ in range(count):
        best = torch.topk(logits(model, ids)[-1], 2)
        lead = min(lead, float(best.values[0] - best.values[1]))
        ids.append(int(best.indices[0]))
    return ids[start:], lead


def continuation(model, tokenizer, text, ids):
    tokens, lead = greedy(model, ids)
    return {
        "prompt": text,
        "promptTokens": ids,
        "lastLogits": logits(model, ids)[-1].tolist(),
        "greedyTokens": tokens,
        "greedyText": tokenizer.decode(tokens, skip_special_tokens=False),
        "smallestLead": lead,
    }


def triage_accuracy(model, tokenizer, is_held_out):
    """How many notes get exactly the right answer, greedily."""
    chosen = [note for note in triage.notes() if note.is_held_out == is_held_out]
    right = 0
    for note in chosen:
        expected = triage.answer_ids(tokenizer, note.level)
        got, _ = greedy(model, triage.prompt_ids(tokenizer, note.text), len(expected))
        right += got == expected
    return {"right": right, "of": len(chosen)}


def gold(folder, has_triage=False):
    """Everything golden.json says about one runnable repository."""
    model, tokenizer = load(folder)
    probe = tokenizer(PROBE)["input_ids"]
    result = {
        "probeMeanNLL": mean_nll(model, probe),
        "continuation": continuation(model, tokenizer, PROMPT, tokenizer(PROMPT)["input_ids"]),
    }
    if has_triage:
        note = next(note for note in triage.notes() if note.is_held_out)
        result["chat"] = continuation(model, tokenizer, note.text, triage.prompt_ids(tokenizer, note.text))
        result["trainedNotes"] = triage_accuracy(model, tokenizer, is_held_out=False)
        result["heldOutNotes"] = triage_accuracy(model, tokenizer, is_held_out=True)
    return result
