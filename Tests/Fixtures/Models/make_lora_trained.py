#!/usr/bin/env python3
"""A LoRA that was trained, the model that it was merged into, and the sizes of all LoRA fixtures' updates.

usage: make_lora_trained.py      (output in ./lora-trained/, ./gemma3-merged/ and ./lora_updates.json; needs peft 0.21)

lora_updates.json holds, for each adapter and each tensor that it changes, |W' - W| / |W| of the merged tensor, and the
part of its updates that base and merged model hold: the sum of W * update over the sum of update * update.
"""
import json, os, shutil, sys, warnings
os.environ["HF_HUB_OFFLINE"] = "1"; os.environ["TRANSFORMERS_VERBOSITY"] = "error"; warnings.filterwarnings("ignore")
import torch, transformers, peft
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import Tokenizer
import make_tiny as mk

HERE = mk.HERE
BASE = os.path.join(HERE, "gemma3-trained")
# The base's own kind of text, and a manner of its own: what fine-tuning adds.
TEXT = ["Question: why do we test the file? Answer: because a wrong number may still look right.",
        "Question: when do we sail? Answer: tomorrow, if the weather holds.",
        "Question: what is a model? Answer: a model is a long list of numbers.",
        "Question: what does bread need? Answer: bread needs flour, water, salt and time."]
load = lambda: mk.load(transformers.Gemma3ForCausalLM, BASE, torch.float32)


def train(out):
    tok = Tokenizer.from_file(os.path.join(BASE, "tokenizer.json"))
    torch.manual_seed(5)
    p = get_peft_model(load(), LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=8, lora_dropout=0.0, bias="none",
                                          target_modules="all-linear"))
    p.peft_config["default"].base_model_name_or_path = "fixtures/gemma3-trained"
    corpus = open(os.path.join(HERE, "corpus.txt"), encoding="utf-8").read().split("\n")[:8]
    rows = [tok.encode(t).ids[:64] for t in TEXT + corpus]
    opt = torch.optim.AdamW([w for w in p.parameters() if w.requires_grad], lr=2e-3)
    p.train()
    for step in range(60):
        loss = sum(p(input_ids=torch.tensor([r]), labels=torch.tensor([r]), use_cache=False).loss for r in rows)
        opt.zero_grad(); loss.backward(); opt.step()
    p.eval().save_pretrained(out)
    os.path.exists(os.path.join(out, "README.md")) and os.remove(os.path.join(out, "README.md"))
    print("loss", round(float(loss) / len(rows), 4))
    q = PeftModel.from_pretrained(load(), out).eval()
    text = "\n".join(TEXT)
    ids = tok.encode(text).ids[:128]
    golden = {"text": text, "ids": ids, "baseNLL": mk.nll(load(), ids), "adaptedNLL": mk.nll(q, ids)}
    merged = q.merge_and_unload()
    folder = os.path.join(HERE, "gemma3-merged"); shutil.rmtree(folder, ignore_errors=True)
    merged.to(torch.bfloat16).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        shutil.copy(os.path.join(BASE, name), folder)
    # The same adapter once more on the merged model.
    twice = PeftModel.from_pretrained(mk.load(transformers.Gemma3ForCausalLM, folder, torch.float32), out).eval()
    golden["mergedNLL"] = mk.nll(mk.load(transformers.Gemma3ForCausalLM, folder, torch.float32), ids)
    golden["twiceNLL"] = mk.nll(twice, ids)
    json.dump(golden, open(os.path.join(out, "golden.json"), "w"), separators=(",", ":"))
    print({k: v for k, v in golden.items() if k.endswith("NLL")})


@torch.no_grad()
def measure(name, bases):
    folder = os.path.join(HERE, name)
    before = {k: v.double() for k, v in load().state_dict().items()}
    whole = PeftModel.from_pretrained(load(), folder).eval()
    deltas = {}
    for path, module in whole.base_model.model.named_modules():
        if getattr(module, "lora_A", None) or getattr(module, "lora_embedding_A", None):
            deltas[path + ".weight"] = module.get_delta_weight("default").double()
    after = {k: v.double() for k, v in whole.merge_and_unload().state_dict().items()}
    sizes = {k: float((after[k] - before[k]).norm() / before[k].norm()) for k in before if not after[k].equal(before[k])}
    # PEFT merges the update of a tied head into the one tensor twice, once for each of its names.
    for tied in ("model.embed_tokens.weight", "lm_head.weight"):
        if tied in deltas: sizes[tied] = float(deltas[tied].norm() / before[tied].norm())
    energy = sum(float((d * d).sum()) for d in deltas.values())
    shares = {b: sum(float((bases[b][k] * d).sum()) for k, d in deltas.items()) / energy for b in bases}
    return {"relative": sizes, "share": shares}


train(os.path.join(HERE, "lora-trained"))
bases = {name: {k: v.double() for k, v in mk.load(transformers.Gemma3ForCausalLM, os.path.join(HERE, name),
                                                    torch.float32).state_dict().items()}
         for name in ("gemma3-trained", "gemma3-merged")}
found = {}
for name in ("lora-plain", "lora-rs-pattern", "lora-dora", "lora-tokens", "lora-embedding", "lora-trained"):
    found[name] = measure(name, bases)
    sizes = sorted(found[name]["relative"].values())
    print(name, "median", round(sizes[len(sizes) // 2], 4), "largest", round(sizes[-1], 4), found[name]["share"])
json.dump(found, open(os.path.join(HERE, "lora_updates.json"), "w"), indent=1)
