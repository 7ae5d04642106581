"""How the site is built: `sphinx-build -W docs docs/_build/html`, without a network."""

import os
import re
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx import addnodes
from sphinx.util.logging import getLogger
from sphinx.util.typing import stringify_annotation
from sphinx_gallery.sorting import ExplicitOrder

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy; for the kernels, too

import numpy.typing as npt

import skmal

logger = getLogger(__name__)

project = "skmal"
author = "The skmal developers"
copyright = "The skmal developers"
release = version = skmal.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",  # Markdown, and the lessons, which it runs
    "sphinx_gallery.gen_gallery",
    "sphinx_design",
    "sphinx_copybutton",
]
exclude_patterns = [
    "_build",
    "gallery",
    "examples/*.ipynb",
    "**.ipynb_checkpoints",
]
templates_path = ["_templates"]
default_role = "obj"  # `name` in a docstring: a link where there is such a thing

# API
autosummary_generate = True
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 70
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # autodoc lists them, with their docstrings
numpydoc_xref_param_type = False

# Markdown and notebooks
myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 4  # as a code host spells them
myst_links_external_new_tab = False
nb_execution_mode = "cache"  # runs what has changed since the last build
nb_execution_timeout = 180
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True

# Gallery
suppress_warnings = ["config.cache"]  # the order of the examples is an object
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "filename_pattern": r"plot_",
    "within_subsection_order": ExplicitOrder(
        ["plot_three_steps.py", "plot_outlier_k_center.py", "plot_modal_loop.py", "*"]
    ),
    "abort_on_example_error": True,
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "doc_module": ("skmal",),
    "backreferences_dir": "generated/backreferences",
}

# HTML
html_math_renderer = "mathml"  # drawn by the browser: no script, no network
html_theme = "pydata_sphinx_theme"
html_title = f"skmal {release}"
html_static_path = ["_static"]
html_css_files = ["skmal.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "skmal"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


# Names with an entry in the API, as api.rst lists them.
API = set(
    re.findall(
        r"^   ([A-Za-z]\w*(?:\.\w+)*)$",
        Path(__file__).with_name("api.rst").read_text("utf-8"),
        re.M,
    )
)


def skip_what_others_wrote(app, what, name, obj, skip, options):
    """Leave out fields of named tuples and scikit-learn's routing methods."""
    if type(obj).__name__ in ("_tuplegetter", "RequestMethod"):
        return True
    if name.startswith("set_") and name.endswith("_request"):
        return True
    return None


def name_arrays(app, what, name, obj, options, signature, returns):
    """Write `ArrayLike` and `NDArray[float64]` for what these names stand for."""
    array_like = stringify_annotation(npt.ArrayLike, "smart")
    dtype = r"~?numpy\.dtype\[((?:[^\[\]]|\[[^\[\]]*\])*)\]"
    array = rf"~?numpy\.ndarray\[tuple\[~?typing\.Any, \.\.\.\], {dtype}\]"
    return tuple(
        text and re.sub(array, r"NDArray[\1]", text.replace(array_like, "ArrayLike"))
        for text in (signature, returns)
    )


def guard_shapes(app, what, name, obj, options, lines):
    """Keep `(n_components_,)` in a docstring from being read as a reference."""
    for i, line in enumerate(lines):
        if "shape (" in line:
            lines[i] = re.sub(r"(?<=[ (])(\w+_)(?=[,)])", r"``\1``", line)


def keep_intervals_together(app, doctree):
    """Let no line end within `+19 ± 1`."""
    for text in list(doctree.findall(nodes.Text)):
        if " ± " in text:
            text.parent.replace(text, nodes.Text(text.replace(" ± ", "\xa0±\xa0")))


def find_in_package(app, env, node, content):
    """Resolve `RidgeCCA` where the module at hand has none of that name."""
    if node.get("refdomain") != "py" or node["reftarget"] not in API:
        return None
    return env.domains["py"].resolve_xref(
        env,
        node["refdoc"],
        app.builder,
        "obj",
        f"skmal.{node['reftarget']}",
        node,
        content,
    )


def visit_math(self, node):
    """Write a formula as MathML."""
    block = isinstance(node, nodes.math_block)
    mathml = tex2mathml(node.astext(), as_block=block)
    self.body.append(f"<p>{mathml}</p>" if block else mathml)
    raise nodes.SkipNode


def link_names(app, doctree):
    """Lead from `PairedActiveLearner` in the text to its entry in the API."""
    for literal in list(doctree.findall(nodes.literal)):
        name = re.sub(r"\(.*\)$", "", literal.astext()).removeprefix("skmal.")
        linked = isinstance(literal.parent, nodes.reference | nodes.title)
        if linked or name not in API or "xref" in literal.get("classes", ()):
            continue
        link = addnodes.pending_xref(
            "", refdomain="py", reftype="obj", reftarget=f"skmal.{name}"
        )
        link["refdoc"] = app.env.docname
        literal.replace_self(link)
        link += literal


def check_lessons(app, doctree):
    """Warn where a cell of a lesson shows something else than the text says."""
    if "Other than the text says" in doctree.astext():
        for literal in doctree.findall(nodes.literal_block):
            text = literal.astext()
            if text.startswith("def expect"):
                continue  # the function that says so
            for line in re.findall(r"^Other than the text says.*", text, re.M):
                logger.warning(line, location=literal)


def setup(app):
    """Connect the hooks."""
    app.connect("autodoc-skip-member", skip_what_others_wrote)
    app.connect("autodoc-process-signature", name_arrays)
    app.connect("autodoc-process-docstring", guard_shapes, priority=400)
    app.connect("doctree-read", link_names)
    app.connect("doctree-read", check_lessons)
    app.connect("doctree-read", keep_intervals_together)
    app.connect("missing-reference", find_in_package)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math, None))
    return {"parallel_read_safe": True}
