"""The peer: llama-index's own VectorStoreIndex over the same chunks, with the same embedder, in a process of its own.

It reads chunks from a file, then a question a line, and answers with the chunks it found. It retrieves and nothing else.
"""

import json
import sys

import django
import numpy as np


def main():
    django.setup()
    from llama_index.core import VectorStoreIndex
    from llama_index.core.embeddings import BaseEmbedding
    from llama_index.core.schema import TextNode

    from helpdesk.search.embedder import embed_one

    class Ours(BaseEmbedding):
        def _get_query_embedding(self, query):
            return embed_one(query).tolist()

        _get_text_embedding = _get_query_embedding

        async def _aget_query_embedding(self, query):
            return self._get_query_embedding(query)

    stored = np.load(sys.argv[1])
    nodes = [TextNode(text=str(text), embedding=vector.tolist()) for text, vector in zip(stored["texts"], stored["vectors"], strict=True)]
    retriever = VectorStoreIndex(nodes, embed_model=Ours()).as_retriever(similarity_top_k=20)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps([found.node.node_id for found in retriever.retrieve(line.strip())]), flush=True)


if __name__ == "__main__":
    main()
