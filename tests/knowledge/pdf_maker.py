"""Small PDFs made by hand: lines of text with their place and size, in the fonts that every reader has."""

from __future__ import annotations

from collections.abc import Sequence

FONTS = {"F1": "Helvetica", "F2": "Courier", "F3": "Helvetica-Bold"}
Placed = tuple[str, float, float, float, str]  # text, x, y, size, font


def pdf(
    pages: Sequence[Sequence[Placed]],
    size: tuple[int, int] = (595, 842),
    title: str = "",
    outline: Sequence[tuple[str, int]] = (),
    picture: bool = False,
) -> bytes:
    """A PDF with these pages; `outline` holds (title, page from 0), and a picture fills each page where asked for."""
    objects: list[str] = ["", ""]  # 1: catalogue, 2: tree of pages
    fonts = {}
    for name, font in FONTS.items():
        objects.append(f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>")
        fonts[name] = len(objects)
    # As programs put it in that leave out what is not used: small letters only, and no space.
    objects.append("<< /Type /FontDescriptor /FontName /ABCDEF+Some /Flags 32 /FontBBox [0 0 1 1] >>")
    objects.append(
        "<< /Type /Font /Subtype /TrueType /BaseFont /ABCDEF+Some /Encoding /MacRomanEncoding /FirstChar 97"
        f" /LastChar 122 /FontDescriptor {len(objects)} 0 R /Widths [{' '.join(['500'] * 26)}] >>"
    )
    fonts["F4"] = len(objects)
    resources = " ".join(f"/{name} {number} 0 R" for name, number in fonts.items())
    image = ""
    if picture:
        objects.append(
            "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8"
            " /Length 1 >>\nstream\n0\nendstream"
        )
        image = f"/XObject << /Im {len(objects)} 0 R >>"
    kids = []
    for lines in pages:
        drawn = "\n".join(_drawn(*line) for line in lines)
        if picture:
            drawn += f"\nq {size[0]} 0 0 {size[1]} 0 0 cm /Im Do Q"
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents {len(objects)} 0 R"
            f" /Resources << /Font << {resources} >> {image} >> >>"
        )
        kids.append(len(objects))
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>"
    marks = ""
    if outline:
        root = len(objects) + 1
        objects.append(
            f"<< /Type /Outlines /First {root + 1} 0 R /Last {root + len(outline)} 0 R /Count {len(outline)} >>"
        )
        for number, (name, page) in enumerate(outline, start=1):
            beside = f"/Next {root + number + 1} 0 R" if number < len(outline) else ""
            objects.append(
                f"<< /Title ({_escaped(name)}) /Parent {root} 0 R /Dest [{kids[page]} 0 R /Fit] {beside} >>"
            )
        marks = f"/Outlines {root} 0 R"
    objects[0] = f"<< /Type /Catalog /Pages 2 0 R {marks} >>"
    objects.append(f"<< /Title ({_escaped(title)}) >>")
    return _file(objects)


def _drawn(text: str, x: float, y: float, size: float, font: str) -> str:
    if font == "F4":  # moved by the page's matrix, and made large by the text's
        return f"q 1 0 0 1 {x} {y} cm BT {size} 0 0 {size} 0 0 Tm /F4 1 Tf ({text}) Tj ET Q"
    return f"BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm ({_escaped(text)}) Tj ET"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _file(objects: Sequence[str]) -> bytes:
    data = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    start = len(data)
    data += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    data += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    info = f"/Info {len(objects)} 0 R"
    return (
        data
        + f"trailer << /Size {len(objects) + 1} /Root 1 0 R {info} >>\nstartxref\n{start}\n%%EOF\n".encode()
    )


def column(*lines: str, x: float = 72, top: float = 760, size: float = 11, font: str = "F1") -> list[Placed]:
    """Lines one below the other; an empty one leaves a gap."""
    return [(text, x, top - number * size * 1.2, size, font) for number, text in enumerate(lines) if text]
