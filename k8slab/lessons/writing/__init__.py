"""Labs as text: a lab is written in one Markdown file, and its notebooks are made of it.

`markdown` reads the file as blocks, `labfile` makes content and cells of them, `notebook` the copies for learners and for tests.
Of the labs that k8slab comes with, text and cells are read by the same code; their content is in the modules ``labNN``.
"""
