"""Make the sample files that projects start with, from public-domain sets bundled with statsmodels.

    python -m pip install pandas statsmodels
    python examples/make_samples.py            # writes template/{{<use case>}}/data/sample*.csv

Tables: the RAND Health Insurance Experiment (1974-1982), one row per person and year. A random split of that
table would put the same person on both sides, so each person is one row here: what was known at enrolment, and an
outcome.
Two real rows of the tabular `sample.csv`:

    person,site,sex,age,income,education,family_size,coinsurance,deductible_plan,...,self_rated_health,saw_doctor
    125024,Dayton,male,43,13749,12,4,100,yes,...,good,no
    125025,Dayton,male,17,13749,12,4,100,yes,...,excellent,no

Series: three monthly measurements (carbon dioxide, sea temperature, industrial turnover), one below the other.
Two real rows of the time series' `sample.csv`:

    measurement,month,value
    carbon_dioxide,1958-03-01,316.1
    carbon_dioxide,1958-04-01,317.2
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

TEMPLATE = Path(__file__).resolve().parents[1] / "template"
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


def series() -> pd.DataFrame:
    """Return three monthly series below each other: `measurement`, `month` (its first day) and `value`.

    Weeks of carbon dioxide become monthly means; the five months without a single measurement stay missing.
    """
    from statsmodels.datasets import co2, elec_equip, elnino

    weeks = co2.load_pandas().data["co2"]
    years = elnino.load_pandas().data.melt(id_vars="YEAR", var_name="name", value_name="value")
    months = pd.to_datetime(years.YEAR.astype(int).astype(str) + years.name.str.title(), format="%Y%b")
    measured = {
        "carbon_dioxide": weeks.resample("MS").mean().dropna(),
        "sea_temperature": pd.Series(years.value.to_numpy(), index=months).sort_index(),
        "electrical_turnover": elec_equip.load_pandas().data.iloc[:, 0],
    }
    parts = [
        pd.DataFrame({"measurement": name, "month": values.index.strftime("%Y-%m-%d"), "value": values.round(2)})
        for name, values in measured.items()
    ]
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    """Write all samples; the same bytes on every machine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--template", type=Path, default=TEMPLATE, help="the folder of layers to write to")
    template: Path = parser.parse_args().template
    rows = source()
    made = {
        "{{tabular}}/data/sample.csv": classification(rows),
        "{{tabular}}/data/sample_regression.csv": regression(rows),
        "{{timeseries}}/data/sample.csv": series(),
    }
    for name, frame in made.items():
        path = template / name
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(path, index=False, lineterminator="\n")
        print(f"{path}: {len(frame)} rows x {frame.shape[1]} columns")


if __name__ == "__main__":
    main()
