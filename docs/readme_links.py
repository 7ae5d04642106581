"""The README as a package index shows it, where relative links lead nowhere.

setuptools calls it at build time (`cmdclass` in pyproject.toml). The one setting is the
environment variable SKMAL_URL: where the files of this version can be looked at, such
as https://example.org/skmal/blob/v0.1.0. The workflow `release` sets it; without it,
links stay as they are.
"""

import os
import re

from setuptools.command.egg_info import egg_info


def with_absolute_links(text: str, url: str) -> str:
    """Put an address before each relative link of a page in Markdown.

    Parameters
    ----------
    text : str
        The page.
    url : str
        Where its folder can be looked at.

    Returns
    -------
    str
        The page; its pictures are asked for as files, not as pages about them.
    """
    text = re.sub(r"(!\[[^\]]*\]\()(?!https://)([^)]+)", rf"\1{url}/\2?raw=true", text)
    return re.sub(r"((?<!!)\[[^\]]*\]\()(?!https://|#)([^)]+)", rf"\1{url}/\2", text)


class EggInfo(egg_info):
    """Write the metadata with such links."""

    def run(self) -> None:
        """Change the description, then do what setuptools does."""
        url = os.environ.get("SKMAL_URL", "").rstrip("/")
        metadata = self.distribution.metadata
        if url and metadata.long_description:
            metadata.long_description = with_absolute_links(
                metadata.long_description, url
            )
        super().run()
