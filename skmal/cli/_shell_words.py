"""Messages of the package, in the words of who typed a command."""

import re

# What messages say to who writes Python, and what it is called in `skmal annotate`.
WORDS = (
    (r'on_error="skip" \((--on-error skip)\)', r"\1"),
    (r"\w+=NAME \(on the command line (--[a-z]+-column NAME)\)", r"\1"),
    (r"say which: (text|image|id)='", r"say which: --\1-column '"),
    (r'\bchanged="ask_again"', "--changed ask_again"),
    (r"\breplan=True", "--replan"),
    (r"\bgroups='X'", "--groups images"),
    (r"\bgroups='y'", "--groups texts"),
    (r"\bgroups='both'", "--groups both"),
    (r"\bthe learner has estimator__(model|pretrained)=", r"--\1 is "),
    (r"\bthe learner has random_state=", "--seed is "),
    (r"\bthe learner has (estimator__)?", "the encoder or the strategy has "),
    (r"\bbatch_size(=|\b)", "--batch-size "),
    (r"\bbudget=", "--budget "),
    (r"\boverlap(=|\b)", "--overlap "),
    (r"^audit\b|\baudit=", "--audit "),
    (r"\bmin_confidence\b", "--min-confidence"),
    (r"^unknown model ", "--model: there is no model "),
    (
        r"open_clip\.list_models\(\) shows all",
        'python -c "import open_clip; print(open_clip.list_models())" shows all',
    ),
    (r"\b(model|pretrained)=None\b", r"no --\1"),
    (r"\b(model|pretrained)='", r"--\1 '"),
    (r"\bX: ", "--images: "),
    (r"\by: ", "--texts: "),
    (r"\b(of|in) X\b", r"\1 --images"),
    (r"\b(of|in) y\b", r"\1 --texts"),
    (r"\bX (holds|has)\b", r"--images \1"),
    (r"\by (holds|has)\b", r"--texts \1"),
)


def in_shell_words(message: str) -> str:
    """Return a message with options in place of parameters.

    Parameters
    ----------
    message : str
        What an error or a warning says.

    Returns
    -------
    str
        The same of the command.
    """
    for python, shell in WORDS:
        message = re.sub(python, shell, message)
    return re.sub(r"(--(batch-size|overlap|audit)) +", r"\1 ", message)
