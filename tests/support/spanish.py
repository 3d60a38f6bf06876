"""What do people read in Spanish, and is anything in English left on their page?

Whatever is a word of the English catalogue and none of the Spanish one is English.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from playwright.sync_api import Page

_WORDS = Path(__file__).resolve().parents[2] / "web" / "src" / "words"
#: What is no text: comments, what is brought, and the keys of a catalogue.
_NO_TEXT = re.compile(r"^\s*(//|/?\*|import ).*$|^\s*'[\w-]+':|(?<=[{,])\s*'[\w-]+':", re.MULTILINE)
_TEXT = re.compile(r"'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`")
_FILLED_IN = re.compile(r"\$\{[^}]*\}")
_WORD = re.compile(r"[^\W\d_]{3,}")
#: All that can be read or heard: texts, and the names of what has none.
_SAID = """() => {
  const said = [document.title]
  const isThere = (each) => each !== null && each.checkVisibility({ visibilityProperty: true })
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) if (isThere(texts.currentNode.parentElement)) said.push(texts.currentNode.data)
  for (const name of ['aria-label', 'alt', 'title', 'placeholder'])
    for (const each of document.body.querySelectorAll(`[${name}]`))
      if (isThere(each)) said.push(each.getAttribute(name))
  return said
}"""


def english_on(page: Page, names: tuple[str, ...]) -> set[str]:
    """The English words on a page, apart from what people there called something (`names`)."""
    found = set()
    for text in page.evaluate(_SAID):
        for name in names:
            text = text.replace(name, " ")
        found |= set(_words(text)) & only_english()
    return found


@cache
def only_english() -> frozenset[str]:
    """The words that the English catalogue has, and the Spanish one has not."""
    return frozenset(_catalogue("en") - _catalogue("es"))


def _catalogue(language: str) -> set[str]:
    sources = (path.read_text() for path in sorted((_WORDS / language).glob("*.ts")))
    return {word for source in sources for text in _texts(source) for word in _words(text)}


def _texts(source: str) -> Iterator[str]:
    for plain, filled in _TEXT.findall(_NO_TEXT.sub("", source)):
        yield plain
        yield _FILLED_IN.sub(" ", filled)
        # What a number decides between stands inside.
        yield from (inner for each in _FILLED_IN.findall(filled) for inner in re.findall(r"'([^']*)'", each))


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


#: What the people of the whole story read and press.
OF_THE_STORY: Mapping[str, str] = {
    "Sign in on this device": "Entrar en este aparato",
    "No jobs here": "No hay trabajos aquí",
    "Live": "En vivo",
    "Offers": "Ofertas",
    "No offers now": "Ahora no hay ofertas",
    "Why you": "Por qué usted",
    "Accept ": "Aceptar, ",
    "Kept on this phone. It is sent when there is a network.": "Guardado en este teléfono. Se envía cuando haya red.",
    "1 answer waits to be sent": "1 respuesta espera su envío",
    "It is yours.": "Es suyo.",
    "While you were offline": "Mientras no tenía red",
    "While you were offline: filled by another.": "Mientras no tenía red: se lo llevó otra persona.",
    "While you were offline: It is yours.": "Mientras no tenía red: Es suyo.",
    "Backup: said yes too": "Reserva: también dijo que sí",
    "OK": "Vale",
    "Somebody else has it": "Lo tiene otra persona",
    "See the day": "Ver el día",
    "On my way": "En camino",
    "On the way": "En camino",
    "Check in": "Registrar llegada",
    "On site": "En el lugar",
    "To hand in": "Por entregar",
    "Back": "Atrás",
    "4 of 4 handed in": "4 de 4 entregados",
    "Check out": "Registrar salida",
    "Checked out": "Salida registrada",
    "The job is done": "El trabajo está hecho",
    "You said that the job is done. The client looks at it.": (
        "Usted dijo que el trabajo está hecho. El cliente lo revisa."
    ),
    "Take a photo: The unit, closed": "Tomar una foto: The unit, closed",
    "The unit, closed, photo 1": "The unit, closed, foto 1",
    "Hand in: Serial number": "Entregar: Serial number",
    "The place is clean: Yes": "The place is clean: Sí",
    "You said yes": "Usted dijo que sí",
    "Name of who signs": "Nombre de quien firma",
    "Sign with the name as typed": "Firmar con el nombre escrito",
    "Signed": "Firmado",
    "Signed by Lena Brandt": "Firmado por Lena Brandt",
    "Open": "Abierto",
    "Assigned": "Asignado",
    "In progress": "En curso",
    "Done": "Hecho",
    "Approve the work": "Aprobar el trabajo",
    "Approved": "Aprobado",
    "Me": "Yo",
    "Money": "Dinero",
    "Due": "Por cobrar",
    "Work orders": "Órdenes de trabajo",
    "Post a work order": "Publicar una orden",
    "Work": "Trabajo",
    "Your work order number": "Su número de orden",
    "Skills": "Habilidades",
    "hvac": "climatización",
    "Store number, name or town": "Número de tienda, nombre o ciudad",
    "Day": "Día",
    "From": "Desde",
    "To": "Hasta",
    "Who decides?": "¿Quién decide?",
    "The first yes": "El primer sí",
    "Sum in USD": "Suma en USD",
    "Who may do it": "Quién puede hacerla",
    "may do it then, of 8 in reach": "pueden hacerlo entonces, de 8 al alcance",
    "Post it": "Publicar",
    "What happened": "Qué ha pasado",
}
