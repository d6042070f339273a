"""Question sets and benchmarks in, measures out.

What is measured, and how:

* **By passage** (question sets): ``Success@1`` and ``RR@10``. A hit is relevant when its text holds one of
  the question's answer strings and, where the question names sources, comes from one of them.
* **By document** (question sets): ``nDCG@10``, ``R@10``, ``R@100`` and ``Success@1 of documents``. A document
  stands at the rank of its best passage. Relevant are the sources that the question names; for a question
  that names none, the documents of which a retrieved passage holds an answer (how many others there are
  is not known, so recall then only says whether one was found).
* **By document** (BEIR folders): every measure, against ``qrels/test.tsv``.
* **The quote**: right when it holds an answer string. White space and line breaks are ignored on both sides.
* Every judged question counts. One that is missing, unknown, refused or without a hit scores 0.
"""

from qa.evaluation.benchmark import Benchmark, load_benchmark
from qa.evaluation.comparison import Comparison, compare
from qa.evaluation.gates import Gate, measures_of, parse_gate
from qa.evaluation.measures import parse_measures
from qa.evaluation.questions import Question, load_questions
from qa.evaluation.report import write_report
from qa.evaluation.run import Evaluation, Result, evaluate, evaluate_benchmark, write_run
from qa.evaluation.saved import SavedRun, judged_run, load_saved
from qa.evaluation.squad import load_squad
from qa.evaluation.trec import load_judged_queries, load_qrels

__all__ = [
    "Benchmark",
    "Comparison",
    "Evaluation",
    "Gate",
    "Question",
    "Result",
    "SavedRun",
    "compare",
    "evaluate",
    "evaluate_benchmark",
    "judged_run",
    "load_benchmark",
    "load_judged_queries",
    "load_qrels",
    "load_questions",
    "load_saved",
    "load_squad",
    "measures_of",
    "parse_gate",
    "parse_measures",
    "write_report",
    "write_run",
]
