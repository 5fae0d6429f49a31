"""Source code in: a folder, an archive, an upload of files, a git repository.

folder          a folder on this machine                 -> read_folder
upload          files with the paths a browser gave them -> read_uploaded
archive         zip and tar files, read in memory        -> read_archive, tables_in_archive, extract_table
git_clone       a repository, fetched into a folder      -> clone
git_commit      which commit a folder stands at          -> commit_of

entries         what a folder of any kind holds, as one shape for all of them
file_tree       files with paths from elsewhere, as folders of entries
member_paths    whether such a path may be trusted
ignore_rules    a file in .gitignore's syntax
file_rules      what a person forces in or out
walk            entries -> files worth opening, in a fixed order
reading         those files -> a SourceReading
zip_members, tar_members, unpacking    archives -> entries, within bounds
"""

from dlcodegen_core.data.intake.archive import extract_table, read_archive, tables_in_archive
from dlcodegen_core.data.intake.file_rules import FileRules
from dlcodegen_core.data.intake.folder import read_folder
from dlcodegen_core.data.intake.git_clone import clone
from dlcodegen_core.data.intake.git_commit import commit_of
from dlcodegen_core.data.intake.upload import read_uploaded

__all__ = [
    "FileRules",
    "clone",
    "commit_of",
    "extract_table",
    "read_archive",
    "read_folder",
    "read_uploaded",
    "tables_in_archive",
]
