"""Hand-made descriptors with classical classifiers: what was done before networks learnt features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.classical import Member, SoftVote, fit_vote
from models.contract import Cells, Entry, EntryCard, Fitted, Scores, Session, reading_back
from models.descriptors.table import descriptors_of

_REQUIRES = ("skimage", "sklearn", "skops")
_DIFFERENCES = (
    "cells come segmented from the data set; the nucleus is set apart by Otsu's threshold on the green "
    "channel; 91 descriptors of scikit-image; settings searched by subject; "
)


def _svm(seed: int, positive_weight: float) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return make_pipeline(StandardScaler(), SVC(class_weight={0: 1.0, 1: positive_weight}))


def _neighbours(seed: int, positive_weight: float) -> Any:
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), PCA(0.95), KNeighborsClassifier(5, algorithm="brute"))


def _naive_bayes(seed: int, positive_weight: float) -> Any:
    from sklearn.decomposition import PCA
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), PCA(0.95), GaussianNB())


def _perceptron(seed: int, positive_weight: float) -> Any:
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), MLPClassifier((32,), max_iter=100, random_state=seed))


SVM = Member("svm", _svm, {"svc__C": (0.1, 1.0, 10.0), "svc__gamma": (0.001, 0.003, 0.01)}, margins=True)
NEIGHBOURS = Member("knn", _neighbours, {"kneighborsclassifier__n_neighbors": (5, 15, 31, 61)})
NAIVE_BAYES = Member("naive-bayes", _naive_bayes)
PERCEPTRON = Member("mlp", _perceptron, {"mlpclassifier__alpha": (1.0, 10.0)})


class FittedShape(Fitted):
    """Classifiers fitted to descriptors."""

    def __init__(self, vote: SoftVote) -> None:
        self.vote = vote

    def predict(self, cells: Cells, session: Session) -> Scores:
        return self.vote.scores(descriptors_of(cells, session))

    def save(self, folder: Path) -> None:
        self.vote.save(folder)

    def facts(self) -> Mapping[str, Any]:
        return self.vote.facts


class ShapeEntry(Entry):
    """Descriptors of outline, nucleus, colour and texture, and a vote of classifiers on them."""

    def __init__(self, card: EntryCard, members: Sequence[Member]) -> None:
        self.card = card
        self.members = tuple(members)

    def fit(self, cells: Cells, session: Session) -> Fitted:
        cells.require_labels()
        return FittedShape(fit_vote(self.members, descriptors_of(cells, session), cells, session))

    def load(self, folder: Path) -> Fitted:
        with reading_back(folder, self.card.name):
            return FittedShape(SoftVote.load(folder))


SHAPE_SVM = ShapeEntry(
    EntryCard(
        name="shape-svm",
        summary="hand-made descriptors of shape, nucleus, colour and texture with an SVM",
        paper="Putzu, Di Ruberto 2013, as Prellberg and Kramer name it",
        year=2013,
        data="ALL-IDB1, whole blood smears in which leukocytes had to be found first",
        differences=_DIFFERENCES + "an RBF kernel and Platt's calibration",
        requires=_REQUIRES,
    ),
    (SVM,),
)

SHAPE_ENSEMBLE = ShapeEntry(
    EntryCard(
        name="shape-ensemble",
        summary="hand-made descriptors with a soft vote of naive Bayes, k-NN, MLP and SVM",
        paper="Mohapatra, Patra, Satpathy: An ensemble classifier system for early diagnosis of acute "
        "lymphoblastic leukemia in blood microscopic images",
        year=2014,
        data="own blood smears with cells segmented by the authors",
        differences=_DIFFERENCES + "probabilities are averaged instead of votes counted",
        requires=_REQUIRES,
    ),
    (NAIVE_BAYES, NEIGHBOURS, PERCEPTRON, SVM),
)

SHAPE_KNN = ShapeEntry(
    EntryCard(
        name="shape-knn",
        summary="hand-made descriptors with k nearest neighbours",
        paper="Madhloom, Kareem, Ariffin: A Robust Feature Extraction and Selection Method for the "
        "Recognition of Lymphocytes versus Acute Lymphoblastic Leukemia",
        year=2012,
        data="own blood smears, one cell an image",
        differences=_DIFFERENCES + "neighbours are sought among principal components (95 % of the variance)",
        requires=_REQUIRES,
    ),
    (NEIGHBOURS,),
)
