"""Golden vector for multinomial logistic regression: scikit-learn's minimum for two penalties.

Writes sklearn_lr.txt: a line of makers, the shape, rows of values with their label last, then for each
C one line of weights (label by label) and one of offsets.
"""

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

SEED, ROWS, DIM, CLASSES = 7, 60, 4, 3
rng = np.random.default_rng(SEED)
y = np.arange(ROWS) % CLASSES
x = (rng.normal(size=(ROWS, DIM)) + rng.normal(size=(CLASSES, DIM))[y]).astype(np.float32).round(4)

with open(__file__.replace(".py", ".txt"), "w") as out:
    print(f"# scikit-learn {sklearn.__version__}, numpy {np.__version__}, seed {SEED}", file=out)
    print(ROWS, DIM, CLASSES, file=out)
    for row, label in zip(x, y):
        print(*(f"{v:.4f}" for v in row), label, file=out)
    for c in (0.05, 10.0):
        model = LogisticRegression(C=c, tol=1e-10, max_iter=10000).fit(x.astype(np.float64), y)
        print(c, *(f"{v:.6f}" for v in model.coef_.ravel()), file=out)
        print(c, *(f"{v:.6f}" for v in model.intercept_), file=out)
