"""The words: frozen values that cross a step or a process. Kept empty of imports, so that the api never loads numpy."""
