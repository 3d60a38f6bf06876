"""Which options do many commands have? Here without the record, which `truckroll match` never loads."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
#: What only a person may do says who it is.
As = Annotated[str, typer.Option("--as", help="The address of the person of the operator's who does it.")]
