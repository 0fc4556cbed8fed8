"""What Ollama needs beside GGUF files: a Modelfile, with the bundled model's chat template as Go writes templates.

Go walks through a call's arguments in the order of their names, where our template keeps the order they were given in.
That concerns calls in the history only; what the model writes is not touched.
"""

from __future__ import annotations

from continualcode.export.reference import ExportError

TEMPLATE = """{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}
{{- range .ToolCalls }}<tool_call>
<function={{ .Function.Name }}>
{{ range $name, $value := .Function.Arguments }}<parameter={{ $name }}>
{{ $value }}
</parameter>
{{ end }}</function>
</tool_call>
{{- end }}<|im_end|>
{{ end }}<|im_start|>assistant
"""


def require_template(chat_template: str | None) -> None:
    """Raises ExportError for a model whose chat template is not the bundled one: Go's form of it is not known here."""
    from continualcode.nursery.tokenizer import CHAT_TEMPLATE

    if chat_template != CHAT_TEMPLATE:
        raise ExportError(
            "Ollama's template is known for the bundled model only; use --format gguf and write TEMPLATE yourself."
        )


def modelfile(base: str, adapter: str, context: int, stop: str) -> str:
    """The Modelfile: `base` and `adapter` are GGUF files relative to it."""
    return (
        f"FROM {base}\nADAPTER {adapter}\n\n"
        f"PARAMETER num_ctx {context}\nPARAMETER temperature 0\nPARAMETER stop {stop}\n\n"
        f'TEMPLATE """{TEMPLATE}"""\n'
    )
