"""What a contractor is told: a file for programs and one for people, in Japanese and English."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import twin_pipeline
from twin_pipeline.digits import sigma
from twin_pipeline.durable.log import masked
from twin_pipeline.intake.words import QUALITIES, REASONS, REMEDIES, ROLES, VERDICTS

_BOM = "\ufeff"
"""Without it Windows takes the text for the system's code page."""


def refusal(kind: str, reason: str) -> dict[str, Any]:
    """Return the answer to what can't be used."""
    ja, en = REMEDIES.get(kind, REMEDIES["InputError"])
    return {
        "verdict": "refused",
        "reason": {
            "kind": kind,
            "ja": REASONS.get(kind, REASONS["InputError"]),
            "en": masked(reason),
        },
        "remedy": {"ja": ja, "en": en},
        "in_output": False,
    }


def duplicate(of: str, site: str, verdict: str) -> dict[str, Any]:
    """Return the answer to a file that was there before under another name."""
    ja, en = VERDICTS.get(verdict, ("", verdict))
    return {
        "verdict": "duplicate",
        "duplicate_of": of,
        "reason": {
            "kind": "duplicate",
            "ja": f"{of} と同一内容です（現場 {site}、判定：{ja}）。二重には処理しません。",
            "en": f"same content as {of} (site {site}: {en.lower()}); it is not processed twice",
        },
        "remedy": {
            "ja": f"結果は {of} の結果ファイルをご覧ください。",
            "en": f"See the result of {of}.",
        },
        "in_output": False,
    }


def verdict_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a scan that was checked."""
    failed = [item for item in found["check"] if not item["passed"]]
    gates = [gate for gate in found.get("gates", ()) if not gate["passed"]]
    verdict = "rescan" if failed else "accepted_with_remarks" if gates else "accepted"
    answer: dict[str, Any] = {"verdict": verdict, "in_output": found["in_output"]}
    if failed:
        answer["rescan"] = [_place(item) for item in failed]
        answer["remedy"] = {
            "ja": "該当箇所を再計測し、同じファイル名で送ってください。",
            "en": "Scan these places again and send the scan under the same file name.",
        }
    if found.get("kept"):
        answer["note"] = {
            "ja": "前に受理した同名の点群の結果は、そのまま残しています。",
            "en": "The result of the scan of that name that was accepted before stays.",
        }
    for key in ("check", "pipes", "points", "crs", "gates", "warnings"):
        if key in found:
            answer[key] = found[key]
    return answer


def _place(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be scanned again where."""
    told: dict[str, Any] = {"subject": item["subject"], "ja": _japanese(item)}
    told["en"] = f"{item['subject']}: {item['finding']}"
    if "stretch_m" in item:
        told["from_m"], told["to_m"] = item["stretch_m"]
        told["from_at"], told["to_at"] = (list(end) for end in item["ends"])
    return told


def _japanese(item: Mapping[str, Any]) -> str:
    subject = item["subject"]
    if item["kind"] == "pavement":
        return "掘削部両側の舗装面が写っていません。両側の舗装を含めて計測してください。"
    if item["kind"] == "pipes":
        return "管が検出されません。管を露出させて計測してください。"
    if item["kind"] == "hidden":
        first, last = item["stretch_m"]
        return (
            f"{subject}: 測点 {first:.1f}～{last:.1f} m が隠れています。"
            "露出させ、その区間を計測してください。"
        )
    if item["kind"] == "narrow":
        first, last = item["stretch_m"]
        return (
            f"{subject}: 測点 {first:.1f}～{last:.1f} m は管周の一部しか見えていません。"
            "その区間を両側から計測してください。"
        )
    return f"{subject}: 管の見え方が不十分です（{item['finding']}）。管全体を計測してください。"


def complete(answer: Mapping[str, Any], name: str, site: str, files: Sequence[str],
             sha256: str) -> dict[str, Any]:  # fmt: skip
    """Return an answer with what it is about."""
    return {
        "file": name,
        "files": list(files),
        "sha256": sha256,
        "site": site,
        "answered_at": dt.datetime.now().astimezone().isoformat(timespec="seconds"),
        "version": twin_pipeline.__version__,
    } | dict(answer)


def as_json(answer: Mapping[str, Any]) -> bytes:
    """Return the file for programs."""
    return json.dumps(answer, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def as_text(answer: Mapping[str, Any]) -> bytes:
    """Return the file for people: UTF-8 with byte order mark and the line ends of Windows."""
    return (_BOM + "\r\n".join(_lines(answer)) + "\r\n").encode("utf-8", "replace")


def _lines(answer: Mapping[str, Any]) -> Iterator[str]:
    ja, en = VERDICTS[answer["verdict"]]
    yield f"点群受付結果  Scan intake result: {answer['file']}"
    yield ""
    yield f"判定 Verdict: {ja}  {en}"
    yield f"現場 Site: {answer['site'] or '-'}"
    yield f"日時 Answered: {answer['answered_at'].replace('T', ' ')}"
    yield f"SHA-256: {answer['sha256'] or '-'}"
    for key, title in (
        ("reason", "理由 Reason"),
        ("remedy", "対処 What to do"),
        ("note", "備考 Note"),
    ):
        if key in answer:
            if key == "remedy" and "rescan" in answer:
                yield from _rescans(answer["rescan"])
            yield from ("", title, f"  {answer[key]['ja']}", f"  {answer[key]['en']}")
    if "pipes" in answer:
        yield from _pipes(answer)
    failed = [gate for gate in answer.get("gates", ()) if not gate["passed"]]
    if failed:
        yield from ("", "要確認事項 Remarks")
        yield from (f"  - {gate['name']}: {gate['detail']}" for gate in failed)
    if answer.get("warnings"):
        yield from ("", "注意 Warnings")
        yield from (f"  - {warning}" for warning in answer["warnings"])


def _rescans(places: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from ("", "再計測が必要な箇所 What to scan again")
    for place in places:
        yield f"  - {place['ja']}"
        yield f"    {place['en']}"
        if "from_at" in place:
            yield f"    {_at(place['from_at'])} … {_at(place['to_at'])}"


def _pipes(answer: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"計測値 Measured ({answer['points']:,} 点 points)")
    crs = answer.get("crs", {})
    if crs.get("crs"):
        heights = ", ".join(str(crs[k]) for k in ("vertical", "geoid") if crs.get(k))
        yield f"  座標系 CRS: {crs['crs']}, {heights}"
    for pipe in answer["pipes"]:
        size = pipe["nominal_diameter_mm"]
        kind = f"{pipe['material'] or ''} {f'φ{size}' if size else '口径未定 size open'}".strip()
        yield f"  {pipe['pipe_id']} {ROLES[pipe['role']]} {pipe['role']}, {kind}"
        yield (
            f"    外径 OD {1000 * pipe['outer_diameter_m']:.1f} ± "
            f"{sigma(1000 * pipe['outer_diameter_std_m'], 1)} mm, "
            f"延長 length {pipe['length_m']:.2f} m"
        )
        yield f"    土被り cover {_cover(pipe)}"
        yield (
            f"    品質 quality {QUALITIES[pipe['quality']]} {pipe['quality']}: "
            f"{pipe['quality_reason']}"
        )
        yield f"    測点 0 chainage 0: {_at(pipe['start'])}; 終点 end: {_at(pipe['end'])}"
    yield "  ± は標準偏差 1σ  ± is one standard deviation"


def _cover(pipe: Mapping[str, Any]) -> str:
    if pipe["cover_mean_m"] is None:
        return "地盤なし no ground"
    return (
        f"{pipe['cover_min_m']:.3f} / {pipe['cover_mean_m']:.3f} / {pipe['cover_max_m']:.3f} m "
        f"(最小 min / 平均 mean / 最大 max) ± {sigma(pipe['cover_std_m'], 3)} m"
    )


def _at(point: Sequence[float]) -> str:
    return f"E {point[0]:.3f} N {point[1]:.3f} H {point[2]:.3f}"
