#!/usr/bin/env python3
"""A tiny EmbeddingGemma, trained until its own sentences lie near their paraphrases, with golden.json.

usage: make_embedding.py      (output in ./embedding-trained/; needs torch, transformers and sentence-transformers 6.2)

The layout is that of google/embeddinggemma-300m: a Gemma3TextModel with bidirectional attention, mean pooling, two
dense layers without bias and without activation, normalisation, prompts, <bos> and <eos> around every text.
golden.json holds what sentence-transformers makes of TEXTS, and what its Pooling makes of the first one's states.
"""
import json, os, shutil, warnings
os.environ["HF_HUB_OFFLINE"] = "1"; os.environ["TRANSFORMERS_VERBOSITY"] = "error"; warnings.filterwarnings("ignore")
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer
import sentence_transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "embedding-trained")
PROMPTS = {"query": "task: search result | query: ", "document": "title: none | text: ",
           "STS": "task: sentence similarity | query: "}
# Sentence and paraphrase; the sentences of other lines are the far ones.
PAIRS = [
    ("The river is high in spring.", "In spring the water of the river rises."),
    ("To make bread you need flour and time.", "Bread is made of flour, water, salt and time."),
    ("The train left at seven in the morning.", "At seven in the morning the train went off."),
    ("She opened the letter with a knife.", "With a knife she opened what he had written."),
    ("The committee met on Monday.", "There was a meeting of the committee on Monday."),
    ("We test the file before we trust it.", "Before we trust a file, we check it."),
    ("My grandmother had a garden behind the house.", "Behind the house grew the garden of my grandmother."),
    ("The boats stayed out when the wind turned north.", "The wind turned north and no boat came in."),
    ("Children throw stones at the bridge.", "At the bridge the children throw stones."),
    ("A ticket costs twelve euros.", "For a ticket you pay twelve euros."),
    ("He walked home in the rain.", "It rained while he was walking home."),
    ("The captain wants to sail tomorrow.", "Tomorrow we sail, said the captain."),
]
TEXTS = [(None, "The old harbour woke before the sun did."), ("STS", PAIRS[0][0]), ("STS", PAIRS[0][1]),
         ("STS", PAIRS[1][0]), ("query", "A"),
         ("document", "A boy carried a lamp along the wall and counted the boats as they came in: one, two, three.")]
S, F = "sliding_attention", "full_attention"
torch.set_num_threads(1)


def tokenizer():
    folder = os.path.join(HERE, "gemma3-trained")
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(os.path.join(folder, name), OUT)
    own = json.load(open(os.path.join(OUT, "tokenizer_config.json")))
    own.pop("chat_template"); own["add_eos_token"] = True
    own["tokenizer_class"] = "PreTrainedTokenizerFast"; own["model_max_length"] = 512
    json.dump(own, open(os.path.join(OUT, "tokenizer_config.json"), "w"), indent=1)
    whole = json.load(open(os.path.join(folder, "tokenizer.json")))
    special = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
    a, b = ({"Sequence": {"id": k, "type_id": 0}} for k in "AB")
    whole["post_processor"]["single"] = [special("<bos>"), a, special("<eos>")]
    whole["post_processor"]["pair"] = [special("<bos>"), a, special("<eos>"), special("<bos>"), b, special("<eos>")]
    whole["post_processor"]["special_tokens"]["<eos>"] = {"id": "<eos>", "ids": [1], "tokens": ["<eos>"]}
    json.dump(whole, open(os.path.join(OUT, "tokenizer.json"), "w"), ensure_ascii=False, indent=1)
    return Tokenizer.from_file(os.path.join(OUT, "tokenizer.json"))


def embed(model, dense, rows):
    """Mean over the tokens, through the dense layers, normalised; rows of token ids of any length."""
    width = max(map(len, rows))
    ids = torch.tensor([r + [0] * (width - len(r)) for r in rows])
    mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in rows])
    states = model(input_ids=ids, attention_mask=mask).last_hidden_state * mask[..., None]
    x = states.sum(1) / mask.sum(1, keepdim=True)
    for layer in dense: x = layer(x)
    return torch.nn.functional.normalize(x, dim=-1)


def train(model, dense, tok, steps=300, lr=2e-3):
    """In-batch contrastive learning, as EmbeddingGemma's; a prompt is drawn for each batch."""
    parameters = list(model.parameters()) + [p for layer in dense for p in layer.parameters()]
    opt = torch.optim.AdamW(parameters, lr=lr, weight_decay=0.01)
    g = torch.Generator().manual_seed(1)
    for step in range(steps):
        prompt = list(PROMPTS.values())[int(torch.randint(len(PROMPTS), (1,), generator=g))]
        encode = lambda text: tok.encode(prompt + text).ids
        a = embed(model, dense, [encode(p[0]) for p in PAIRS])
        b = embed(model, dense, [encode(p[1]) for p in PAIRS])
        loss = torch.nn.functional.cross_entropy(a @ b.T / 0.1, torch.arange(len(PAIRS)))
        opt.zero_grad(); loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0); opt.step()
    with torch.no_grad():
        for p in parameters: p.copy_(p.to(torch.bfloat16).to(p.dtype))
    return float(loss)


def write(model, dense):
    model.to(torch.bfloat16).save_pretrained(OUT)
    dump = lambda value, *path: json.dump(value, open(os.path.join(OUT, *path), "w"), indent=2)
    names = ["", "1_Pooling", "2_Dense", "3_Dense", "4_Normalize"]
    for name in names[1:4]: os.makedirs(os.path.join(OUT, name), exist_ok=True)
    kinds = ["Transformer", "Pooling", "Dense", "Dense", "Normalize"]
    dump([{"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind}
          for i, (path, kind) in enumerate(zip(names, kinds))], "modules.json")
    dump({"model_type": "SentenceTransformer", "prompts": PROMPTS, "default_prompt_name": None,
          "similarity_fn_name": "cosine"}, "config_sentence_transformers.json")
    dump({"max_seq_length": 512, "do_lower_case": False}, "sentence_bert_config.json")
    modes = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]
    dump({"word_embedding_dimension": 64, **{"pooling_mode_" + m: m == "mean_tokens" for m in modes},
          "include_prompt": True}, "1_Pooling", "config.json")
    for number, layer in zip((2, 3), dense):
        dump({"in_features": layer.in_features, "out_features": layer.out_features, "bias": False,
              "activation_function": "torch.nn.modules.linear.Identity"}, f"{number}_Dense", "config.json")
        save_file({"linear.weight": layer.weight.detach().clone()},
                  os.path.join(OUT, f"{number}_Dense", "model.safetensors"), metadata={"format": "pt"})


def main():
    shutil.rmtree(OUT, ignore_errors=True); os.makedirs(OUT)
    tok = tokenizer()
    torch.manual_seed(7)
    # sliding_window 8 in the file: a sliding layer sees the 4 tokens on either side
    config = transformers.Gemma3TextConfig(
        vocab_size=512, hidden_size=64, intermediate_size=128, num_attention_heads=4, num_key_value_heads=1,
        head_dim=16, num_hidden_layers=3, layer_types=[S, S, F], max_position_embeddings=512, sliding_window=8,
        query_pre_attn_scalar=16, pad_token_id=0, eos_token_id=1, bos_token_id=2, use_bidirectional_attention=True,
        attn_implementation="eager")
    model = transformers.Gemma3TextModel(config)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() == 1: p.normal_(0, 0.2)
            elif "embed" in name: p.normal_(0, 0.5)
            else: p.normal_(0, 1 / p.shape[-1] ** 0.5)
    dense = [torch.nn.Linear(64, 96, bias=False), torch.nn.Linear(96, 48, bias=False)]
    print("final loss", round(train(model, dense, tok), 4))
    write(model, dense)

    st = SentenceTransformer(OUT, device="cpu", model_kwargs={"dtype": torch.float32, "attn_implementation": "eager"})
    encoder = transformers.Gemma3TextModel.from_pretrained(OUT, dtype=torch.float32, attn_implementation="eager").eval()
    cases = []
    for prompt, text in TEXTS:
        whole = (PROMPTS[prompt] if prompt else "") + text
        ids = tok.encode(whole).ids
        with torch.no_grad(): states = encoder(input_ids=torch.tensor([ids])).last_hidden_state[0]
        vector = st.encode(text, prompt=PROMPTS[prompt] if prompt else None)
        cases.append({"prompt": prompt, "text": text, "ids": ids,
                      "firstState": states[0].tolist(), "lastState": states[-1].tolist(),
                      "embedding": vector.tolist()})
        if text == TEXTS[0][1]:
            pooled = {mode: Pooling(64, mode)._forward_padded(states[None], torch.ones(1, len(ids)), {})[0][0].tolist()
                      for mode in Pooling.POOLING_MODES}
    vectors = lambda texts: torch.tensor(st.encode(texts, prompt=PROMPTS["STS"]))
    a, b = vectors([p[0] for p in PAIRS]), vectors([p[1] for p in PAIRS])
    near, far = (a * b).sum(-1), (a @ b.T).masked_fill(torch.eye(len(PAIRS)).bool(), -1).max(-1).values
    print("least margin of a pair over the best other", round(float((near - far).min()), 4))
    json.dump({"transformers": transformers.__version__, "sentenceTransformers": sentence_transformers.__version__,
               "pairs": PAIRS, "cosines": (a @ b.T).tolist(), "cases": cases, "pooled": pooled},
              open(os.path.join(OUT, "golden.json"), "w"), separators=(",", ":"))


main()
