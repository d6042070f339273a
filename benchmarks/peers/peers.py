"""Other libraries, each as its documentation shows it, with our model folder where it takes one, dense and lexical.

Every one is a class with ``build``, ``search``, ``save``, ``load``, ``add`` and ``remove``. What a library cannot do
raises ``NotImplementedError``: then only building anew remains.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.texts import as_documents

K = 10


class Peer:
    """A library that finds texts by number."""

    def __init__(self, model: Path, folder: Path) -> None:
        self.model = str(model)
        self.folder = folder

    def build(self, texts: Sequence[str]) -> None:
        raise NotImplementedError

    def search(self, question: str) -> list[int]:
        """Return the numbers of the best ``K`` texts, best first."""
        raise NotImplementedError

    def save(self) -> None:
        """Write what ``load`` reads."""

    def load(self) -> None:
        raise NotImplementedError

    def add(self, number: int, text: str) -> None:
        raise NotImplementedError

    def remove(self, number: int) -> None:
        raise NotImplementedError

    @cached_property
    def encoder(self) -> Any:
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(self.model, device="cpu")

    def encode(self, texts: Sequence[str]) -> Any:
        return self.encoder.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)


class Ours(Peer):
    """``QA``: writes while it builds; its answers quote, which the others do not do."""

    def build(self, texts: Sequence[str]) -> None:
        from qa import QA

        self.library = QA.open(self.folder / "index")
        self.library.add_documents(as_documents(list(texts)))

    def search(self, question: str) -> list[int]:
        hits = self.library.search(question, k=K)
        return list(dict.fromkeys(int(hit.source) for hit in hits))

    def load(self) -> None:
        from qa import QA

        self.library = QA.open(self.folder / "index")

    def add(self, number: int, text: str) -> None:
        from dataclasses import replace

        (document,) = as_documents([text])
        self.library.add_documents([replace(document, id=f"added{number}", source=str(number))])

    def remove(self, number: int) -> None:
        self.library.remove(str(number))


class Bm25s(Peer):
    """Lexical alone: it takes no model, and an index of it does not change."""

    def build(self, texts: Sequence[str]) -> None:
        import bm25s

        self.index = bm25s.BM25()
        self.index.index(bm25s.tokenize(list(texts), show_progress=False), show_progress=False)

    def search(self, question: str) -> list[int]:
        import bm25s

        found, _ = self.index.retrieve(
            bm25s.tokenize([question], show_progress=False), k=K, show_progress=False
        )
        return [int(number) for number in found[0]]

    def save(self) -> None:
        self.index.save(self.folder / "index", show_progress=False)

    def load(self) -> None:
        import bm25s

        self.index = bm25s.BM25.load(self.folder / "index", mmap=True)


class LangChain(Peer):
    """FAISS and BM25 in an ``EnsembleRetriever``; BM25 is not saved and is made anew from the texts of the store."""

    def _embeddings(self) -> Any:
        from langchain_core.embeddings import Embeddings

        outer = self

        class Ours(Embeddings):
            def embed_documents(self, texts: list[str]) -> list[list[float]]:
                return outer.encode(texts).tolist()  # type: ignore[no-any-return]

            def embed_query(self, text: str) -> list[float]:
                return outer.encode([text])[0].tolist()  # type: ignore[no-any-return]

        return Ours()

    def _ensemble(self) -> None:
        from langchain_classic.retrievers.ensemble import EnsembleRetriever
        from langchain_community.retrievers import BM25Retriever

        documents = list(self.store.docstore._dict.values())
        lexical = BM25Retriever.from_documents(documents, k=K)
        dense = self.store.as_retriever(search_kwargs={"k": K})
        self.retriever = EnsembleRetriever(retrievers=[dense, lexical], weights=[0.5, 0.5])

    def build(self, texts: Sequence[str]) -> None:
        from langchain_community.vectorstores import FAISS

        ids = [str(number) for number in range(len(texts))]
        numbers = [{"number": number} for number in range(len(texts))]
        self.store = FAISS.from_texts(list(texts), self._embeddings(), metadatas=numbers, ids=ids)
        self._ensemble()

    def search(self, question: str) -> list[int]:
        return [found.metadata["number"] for found in self.retriever.invoke(question)][:K]

    def save(self) -> None:
        self.store.save_local(str(self.folder / "index"))

    def load(self) -> None:
        from langchain_community.vectorstores import FAISS

        self.store = FAISS.load_local(
            str(self.folder / "index"), self._embeddings(), allow_dangerous_deserialization=True
        )
        self._ensemble()

    def add(self, number: int, text: str) -> None:
        self.store.add_texts([text], metadatas=[{"number": number}], ids=[str(number)])
        self._ensemble()

    def remove(self, number: int) -> None:
        self.store.delete([str(number)])
        self._ensemble()


class Txtai(Peer):
    """``Embeddings`` with ``hybrid=True``."""

    def build(self, texts: Sequence[str]) -> None:
        from txtai import Embeddings

        self.index = Embeddings(path=self.model, method="sentence-transformers", hybrid=True, content=False)
        self.index.index((number, text, None) for number, text in enumerate(texts))

    def search(self, question: str) -> list[int]:
        return [int(number) for number, _ in self.index.search(question, K)]

    def save(self) -> None:
        self.index.save(str(self.folder / "index"))

    def load(self) -> None:
        from txtai import Embeddings

        self.index = Embeddings()
        self.index.load(str(self.folder / "index"))

    def add(self, number: int, text: str) -> None:
        self.index.upsert([(number, text, None)])

    def remove(self, number: int) -> None:
        self.index.delete([number])


class LlamaIndex(Peer):
    """``VectorStoreIndex`` and ``BM25Retriever`` in a ``QueryFusionRetriever``; BM25 is made anew after each change."""

    def _embeddings(self) -> Any:
        from llama_index.core.embeddings import BaseEmbedding

        outer = self

        class Ours(BaseEmbedding):
            """Its own ``HuggingFaceEmbedding`` takes no static model."""

            def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
                return outer.encode(texts).tolist()  # type: ignore[no-any-return]

            def _get_text_embedding(self, text: str) -> list[float]:
                return self._get_text_embeddings([text])[0]

            _get_query_embedding = _get_text_embedding

            async def _aget_query_embedding(self, query: str) -> list[float]:
                return self._get_text_embedding(query)

        return Ours()

    def _fusion(self) -> None:
        from llama_index.core.llms import MockLLM
        from llama_index.core.retrievers import QueryFusionRetriever
        from llama_index.retrievers.bm25 import BM25Retriever

        nodes = list(self.index.docstore.docs.values())
        lexical = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=K)
        self.retriever = QueryFusionRetriever(
            [self.index.as_retriever(similarity_top_k=K), lexical],
            llm=MockLLM(),
            mode="reciprocal_rerank",
            similarity_top_k=K,
            num_queries=1,
            use_async=False,
        )

    def build(self, texts: Sequence[str]) -> None:
        from llama_index.core import VectorStoreIndex
        from llama_index.core.schema import TextNode

        nodes = [TextNode(id_=str(number), text=text) for number, text in enumerate(texts)]
        self.index = VectorStoreIndex(nodes, embed_model=self._embeddings())
        self._fusion()

    def search(self, question: str) -> list[int]:
        return [int(found.node.node_id) for found in self.retriever.retrieve(question)]

    def save(self) -> None:
        self.index.storage_context.persist(str(self.folder / "index"))

    def load(self) -> None:
        from llama_index.core import StorageContext, load_index_from_storage

        context = StorageContext.from_defaults(persist_dir=str(self.folder / "index"))
        self.index = load_index_from_storage(context, embed_model=self._embeddings())
        self._fusion()

    def add(self, number: int, text: str) -> None:
        from llama_index.core.schema import TextNode

        self.index.insert_nodes([TextNode(id_=str(number), text=text)])
        self._fusion()

    def remove(self, number: int) -> None:
        self.index.delete_nodes([str(number)], delete_from_docstore=True)
        self._fusion()


class Haystack(Peer):
    """``InMemoryDocumentStore`` with both of its retrievers, joined by reciprocal ranks."""

    def _retrievers(self) -> None:
        from haystack.components.joiners import DocumentJoiner
        from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever

        self.lexical = InMemoryBM25Retriever(self.store, top_k=K)
        self.dense = InMemoryEmbeddingRetriever(self.store, top_k=K)
        self.joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=K)

    def _write(self, numbers: Sequence[int], texts: Sequence[str]) -> None:
        from haystack import Document

        vectors = self.encode(texts).tolist()
        documents = [
            Document(id=str(number), content=text, embedding=vector)
            for number, text, vector in zip(numbers, texts, vectors, strict=True)
        ]
        self.store.write_documents(documents)

    def build(self, texts: Sequence[str]) -> None:
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        self.store = InMemoryDocumentStore(embedding_similarity_function="dot_product")
        self._write(range(len(texts)), texts)
        self._retrievers()

    def search(self, question: str) -> list[int]:
        vector = self.encode([question])[0].tolist()
        lists = [
            self.dense.run(query_embedding=vector)["documents"],
            self.lexical.run(query=question)["documents"],
        ]
        return [int(found.id) for found in self.joiner.run(documents=lists)["documents"]]

    def save(self) -> None:
        self.store.save_to_disk(str(self.folder / "index.json"))

    def load(self) -> None:
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        self.store = InMemoryDocumentStore.load_from_disk(str(self.folder / "index.json"))
        self._retrievers()

    def add(self, number: int, text: str) -> None:
        self._write([number], [text])

    def remove(self, number: int) -> None:
        self.store.delete_documents([str(number)])


class LanceDB(Peer):
    """A table with vectors and a full-text index, asked with ``query_type="hybrid"``; it writes while it builds."""

    def build(self, texts: Sequence[str]) -> None:
        import lancedb

        vectors = np.asarray(self.encode(texts), np.float32)
        rows = [
            {"number": number, "text": text, "vector": vector}
            for number, (text, vector) in enumerate(zip(texts, vectors, strict=True))
        ]
        self.table = lancedb.connect(str(self.folder / "index")).create_table("texts", rows)
        self.table.create_fts_index("text")

    def search(self, question: str) -> list[int]:
        vector = np.asarray(self.encode([question])[0], np.float32)
        query = self.table.search(query_type="hybrid").vector(vector).text(question).limit(K)
        return [int(row["number"]) for row in query.to_list()][:K]

    def load(self) -> None:
        import lancedb

        self.table = lancedb.connect(str(self.folder / "index")).open_table("texts")

    def add(self, number: int, text: str) -> None:
        vector = np.asarray(self.encode([text])[0], np.float32)
        self.table.add([{"number": number, "text": text, "vector": vector}])
        self.table.optimize()  # else its words are looked up by a scan

    def remove(self, number: int) -> None:
        self.table.delete(f"number = {number}")


PEERS: dict[str, Callable[[Path, Path], Peer]] = {
    "qa": Ours,
    "bm25s": Bm25s,
    "LangChain": LangChain,
    "txtai": Txtai,
    "LlamaIndex": LlamaIndex,
    "Haystack": Haystack,
    "LanceDB": LanceDB,
}
