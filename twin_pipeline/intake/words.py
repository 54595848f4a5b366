"""The words of answers, Japanese and English."""

VERDICTS = {
    "accepted": ("受理", "ACCEPTED"),
    "accepted_with_remarks": ("受理（要確認事項あり）", "ACCEPTED, WITH REMARKS"),
    "rescan": ("再計測が必要", "SCAN AGAIN"),
    "refused": ("受理できません", "REFUSED"),
    "duplicate": ("重複（処理済み）", "DUPLICATE"),
}
ROLES = {"main": "本管", "branch": "分岐管", "crossing": "横断管", "unknown": "不明"}
QUALITIES = {"good": "良", "usable": "可", "poor": "不良"}
REASONS = {
    "InputError": "点群ファイルを読み込めません。",
    "GeoreferenceError": "座標系または標高の基準が確定できません。",
    "UsageError": "ファイル名またはマニフェストに誤りがあります。",
    "waiting": "マニフェストに記載された点群が届いていません。",
    "name": "同じ現場名のファイルが既にあります。",
    "format": "読み込める点群形式ではありません。",
    "died": "処理が異常終了しました。",
    "internal": "処理中に内部エラーが発生しました。",
}
"""Why a drop is refused, by kind; the exact reason follows in English."""

REMEDIES = {
    "InputError": (
        "元データから再出力・再コピーして送り直してください。",
        "Export or copy the scan again from its source and send it.",
    ),
    "GeoreferenceError": (
        "座標系（例：EPSG:6677）を付けて出力し直すか、担当者に連絡してください。",
        "Export it with its coordinate system, such as EPSG:6677, or ask the operator.",
    ),
    "UsageError": (
        "理由に従って直し、送り直してください。",
        "Mend what the reason says and send it again.",
    ),
    "waiting": (
        "記載された点群を送ってください。届き次第処理します。",
        "Send the scans that it names; work begins when they are there.",
    ),
    "name": (
        "別の名前で送ってください。同じ現場の再計測なら、前と同じファイル名で送ってください。",
        "Send it under another name; a new scan of that site under the old file's name.",
    ),
    "format": (
        "LAS、LAZ、E57、PLY のいずれかを、圧縮せずに送ってください。",
        "Send LAS, LAZ, E57 or PLY, not packed.",
    ),
    "died": (
        "点群を間引くか分割して送り直してください。続く場合は担当者に連絡してください。",
        "Thin or cut the scan and send it again; if that does not help, ask the operator.",
    ),
    "internal": ("担当者に連絡してください。", "Tell the operator."),
}
