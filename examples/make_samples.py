"""Make the two sample files that every tabular project starts with, from a public-domain set bundled with statsmodels.

    python -m pip install pandas statsmodels
    python examples/make_samples.py            # writes template/{{tabular}}/data/sample*.csv

The source is the RAND Health Insurance Experiment (1974-1982), one row per person and year. A random split of that
table would put the same person on both sides, so each person is one row here: what was known at enrolment, and an
outcome.
Two real rows of `sample.csv`:

    person,site,sex,age,income,education,family_size,coinsurance,deductible_plan,...,self_rated_health,saw_doctor
    125024,Dayton,male,43,13749,12,4,100,yes,...,good,no
    125025,Dayton,male,17,13749,12,4,100,yes,...,excellent,no
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).resolve().parents[1] / "template" / "{{tabular}}" / "data"
SEED = 42
REGRESSION_ROWS = 4000

SITES = {1: "Dayton", 2: "Seattle", 3: "Fitchburg", 4: "Franklin", 5: "Charleston", 6: "Georgetown"}


def source() -> pd.DataFrame:
    """Return the whole table of the experiment, [20190 person-years, 45 columns], sorted by person and year."""
    import statsmodels.datasets.randhie  # type: ignore[import-untyped]

    path = Path(statsmodels.datasets.randhie.__file__).parent / "src" / "randhie.csv"
    return pd.read_csv(path).sort_values(["zper", "year"], ignore_index=True)


def people(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per person with what was known at enrolment, in plain words.

    The source fills some gaps with group means; those values are blank again here, so that the sample has
    missing values where the experiment had them.
    """
    first = rows.groupby("zper", sort=True).first().reset_index()
    healthy = first[["hlthg", "hlthf", "hlthp"]].sum(axis=1) == 0
    rating = np.select([healthy, first.hlthg == 1, first.hlthf == 1], ["excellent", "good", "fair"], "poor")
    counted = np.isclose(first.disea * 10, (first.disea * 10).round(), atol=1e-6)
    return pd.DataFrame(
        {
            "person": first.zper.astype(int),
            "site": first.site.astype(int).map(SITES),
            "sex": np.where(first.female == 1, "female", "male"),
            "age": first.xage.round().astype(int),
            "income": first.income.round().astype(int),
            "education": first.educdec.round().astype("Int64"),
            "family_size": first.num.astype(int),
            "coinsurance": first.coins.astype(int),
            "deductible_plan": np.where(first.idp == 1, "yes", "no"),
            "spending_limit": first.mdeoff.round().astype("Int64"),
            "incentive": first.pioff.round().astype("Int64"),
            "mental_health": first.mhi.round(1),
            "general_health": first.ghindx.round(1),
            "disease_score": first.disea.where(counted).round(1),
            "physical_limits": first.physlm.map({0.0: "no", 1.0: "yes"}),
            "self_rated_health": rating,
        }
    )


def classification(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the people with `saw_doctor`: any face-to-face visit to a doctor in the first year (yes, no)."""
    visits = rows.groupby("zper", sort=True).mdvis.first().to_numpy()
    return people(rows).assign(saw_doctor=np.where(visits > 0, "yes", "no"))


def regression(rows: pd.DataFrame) -> pd.DataFrame:
    """Return REGRESSION_ROWS people with `log_spending`: ln(1 + mean yearly dollars out of hospital, with drugs)."""
    dollars = (rows.outpdol + rows.drugdol).groupby(rows.zper, sort=True).mean().to_numpy()
    sample = people(rows).assign(log_spending=np.log1p(dollars).round(3))
    return sample.sample(REGRESSION_ROWS, random_state=SEED).sort_values("person", ignore_index=True)


def main() -> None:
    """Write both samples; the same bytes on every machine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where to write (default: the template's data folder)"
    )
    folder: Path = parser.parse_args().folder
    rows = source()
    for name, frame in (("sample.csv", classification(rows)), ("sample_regression.csv", regression(rows))):
        frame.to_csv(folder / name, index=False, lineterminator="\n")
        print(f"{folder / name}: {len(frame)} rows x {frame.shape[1]} columns")


if __name__ == "__main__":
    main()
