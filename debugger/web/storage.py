"""Static files under names that carry their content's hash."""

from __future__ import annotations

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

_, MODULE_IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]


class CollectedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # No types.
    """Hashed and compressed once collected; under their plain names before that.

    So tests and a development server need no collecting, and a server that collected uses it.
    """

    # Our modules import each other by name: those names must become the hashed ones too. Only
    # ours, because packages ship modules that import what their users are to provide.
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", MODULE_IMPORTS))

    def stored_name(self, name: str) -> str:
        """The hashed name, or the plain one while nothing was collected."""
        if not self.hashed_files:
            return name
        hashed: str = super().stored_name(name)
        return hashed
