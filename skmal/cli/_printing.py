"""What commands print."""

from ..experiments._tables import write_results


def _print_savings(savings):
    print("Answers saved against random, % (mean over seeds, 95 % interval):")
    for row in savings:
        mean, low, high = (100 * row[key] for key in ("mean", "ci_low", "ci_high"))
        interval = f"{low:+.1f} to {high:+.1f}" if row["n_seeds"] > 1 else "one seed"
        print(
            f"  {row['strategy']:<31}{row['metric']:<11}{mean:+6.1f}  ({interval}), "
            f"{row['n_censored']} of {row['n_levels']} levels not reached"
        )


def _write(out, curves, savings):
    try:
        files = write_results(out, curves, savings)
    except ImportError as error:
        print(f"\nTables are in {out}/, but there is no picture: {error}")
        return 1
    print(f"\nWritten: {', '.join(map(str, files))}")
    return 0
