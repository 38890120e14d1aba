"""MiniLM-L6-v2 as its paper has it, in float32 and NumPy: what the fast graph is measured against."""

import numpy as np
from scipy.special import erf


class Reference:
    def __init__(self, weights, tokenizer):
        self.weights, self.tokenizer = weights, tokenizer

    def embed(self, texts):
        return np.stack([self.embed_one(text) for text in texts])

    def embed_one(self, text):
        ids = self.tokenizer.encode(text).ids
        x = self["embeddings.word_embeddings.weight"][ids] + self["embeddings.position_embeddings.weight"][: len(ids)]
        x = self.norm(x + self["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for number in range(6):
            x = self.layer(x, f"encoder.layer.{number}.")
        mean = x.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def layer(self, x, at):
        query, key, value = (self.heads(self.dense(x, f"{at}attention.self.{part}")) for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(32)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        context = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        context = context.transpose(1, 0, 2).reshape(len(x), 384)
        x = self.norm(x + self.dense(context, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
        wide = self.dense(x, f"{at}intermediate.dense")
        wide = wide * (1 + erf(wide / np.sqrt(2))) / 2
        return self.norm(x + self.dense(wide, f"{at}output.dense"), f"{at}output.LayerNorm")

    def heads(self, x):
        return x.reshape(len(x), 12, 32).transpose(1, 0, 2)

    def dense(self, x, name):
        return x @ self[f"{name}.weight"].T + self[f"{name}.bias"]

    def norm(self, x, name):
        centred = x - x.mean(axis=-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12) * self[f"{name}.weight"] + self[f"{name}.bias"]

    def __getitem__(self, name):
        return self.weights[name]
