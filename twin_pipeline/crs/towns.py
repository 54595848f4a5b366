"""Names of places, so that people see at once where a scan would lie."""

import numpy as np

_NEAR_DEG = 0.4

# Longitude and latitude (deg, to a hundredth) of the wards and cities of Tokyo, cities around it,
# and the capitals of the other prefectures with some larger cities.
_TOWNS = {
    "Chiyoda": (139.75, 35.69), "Chuo": (139.77, 35.67), "Minato": (139.75, 35.66),
    "Shinjuku": (139.70, 35.69), "Bunkyo": (139.75, 35.71), "Taito": (139.78, 35.71),
    "Sumida": (139.80, 35.71), "Koto": (139.82, 35.67), "Shinagawa": (139.73, 35.61),
    "Meguro": (139.70, 35.64), "Ota": (139.72, 35.56), "Setagaya": (139.65, 35.65),
    "Shibuya": (139.70, 35.66), "Nakano": (139.66, 35.71), "Suginami": (139.64, 35.70),
    "Toshima": (139.72, 35.73), "Kita": (139.73, 35.75), "Arakawa": (139.78, 35.74),
    "Itabashi": (139.71, 35.75), "Nerima": (139.65, 35.74), "Adachi": (139.80, 35.78),
    "Katsushika": (139.85, 35.74), "Edogawa": (139.87, 35.71), "Hachioji": (139.32, 35.67),
    "Tachikawa": (139.41, 35.71), "Musashino": (139.57, 35.72), "Mitaka": (139.56, 35.68),
    "Ome": (139.28, 35.79), "Fuchu": (139.48, 35.67), "Akishima": (139.35, 35.71),
    "Chofu": (139.54, 35.65), "Machida": (139.44, 35.55), "Koganei": (139.50, 35.70),
    "Kodaira": (139.48, 35.73), "Higashimurayama": (139.47, 35.75), "Tama": (139.45, 35.64),
    "Nishitokyo": (139.54, 35.73), "Akiruno": (139.29, 35.73), "Okutama": (139.10, 35.81),
    "Oshima": (139.36, 34.75), "Hachijo": (139.79, 33.11), "Chichijima": (142.19, 27.09),
    "Kawasaki": (139.70, 35.53), "Yokohama": (139.64, 35.44), "Sagamihara": (139.37, 35.57),
    "Yokosuka": (139.67, 35.28), "Atsugi": (139.36, 35.44), "Odawara": (139.15, 35.26),
    "Saitama": (139.65, 35.86), "Kawaguchi": (139.72, 35.81), "Koshigaya": (139.79, 35.89),
    "Kasukabe": (139.75, 35.98), "Kawagoe": (139.49, 35.93), "Tokorozawa": (139.47, 35.80),
    "Sayama": (139.41, 35.85), "Iruma": (139.39, 35.84), "Hanno": (139.33, 35.86),
    "Higashimatsuyama": (139.40, 36.04), "Konosu": (139.52, 36.07), "Kumagaya": (139.39, 36.15),
    "Chichibu": (139.09, 35.99), "Kuki": (139.67, 36.06), "Chiba": (140.12, 35.61),
    "Funabashi": (139.98, 35.69), "Matsudo": (139.90, 35.79), "Kashiwa": (139.98, 35.87),
    "Noda": (139.87, 35.95), "Narita": (140.32, 35.78), "Kisarazu": (139.92, 35.38),
    "Choshi": (140.83, 35.73), "Mito": (140.47, 36.37), "Tsukuba": (140.08, 36.08),
    "Utsunomiya": (139.88, 36.56), "Oyama": (139.80, 36.31), "Maebashi": (139.06, 36.39),
    "Takasaki": (139.00, 36.32), "Kofu": (138.57, 35.66), "Sapporo": (141.35, 43.06),
    "Hakodate": (140.73, 41.77), "Asahikawa": (142.37, 43.77), "Kushiro": (144.38, 42.98),
    "Obihiro": (143.20, 42.92), "Kitami": (143.90, 43.80), "Wakkanai": (141.67, 45.42),
    "Aomori": (140.74, 40.82), "Morioka": (141.15, 39.70), "Sendai": (140.87, 38.27),
    "Akita": (140.10, 39.72), "Yamagata": (140.36, 38.24), "Fukushima": (140.47, 37.75),
    "Koriyama": (140.36, 37.40), "Niigata": (139.04, 37.92), "Nagaoka": (138.85, 37.45),
    "Toyama": (137.21, 36.70), "Kanazawa": (136.66, 36.56), "Fukui": (136.22, 36.06),
    "Nagano": (138.19, 36.65), "Matsumoto": (137.97, 36.24), "Gifu": (136.76, 35.42),
    "Shizuoka": (138.38, 34.98), "Hamamatsu": (137.73, 34.71), "Nagoya": (136.91, 35.18),
    "Tsu": (136.51, 34.72), "Otsu": (135.85, 35.02), "Kyoto": (135.77, 35.01),
    "Osaka": (135.50, 34.69), "Kobe": (135.20, 34.69), "Himeji": (134.69, 34.82),
    "Nara": (135.80, 34.69), "Wakayama": (135.17, 34.23), "Tottori": (134.24, 35.50),
    "Matsue": (133.05, 35.47), "Okayama": (133.93, 34.66), "Hiroshima": (132.46, 34.39),
    "Yamaguchi": (131.47, 34.18), "Tokushima": (134.55, 34.07), "Takamatsu": (134.05, 34.34),
    "Matsuyama": (132.77, 33.84), "Kochi": (133.53, 33.56), "Fukuoka": (130.40, 33.59),
    "Kitakyushu": (130.88, 33.88), "Saga": (130.30, 33.26), "Nagasaki": (129.87, 32.75),
    "Kumamoto": (130.71, 32.80), "Oita": (131.61, 33.24), "Miyazaki": (131.42, 31.91),
    "Nobeoka": (131.66, 32.58), "Kagoshima": (130.56, 31.60), "Naha": (127.68, 26.21),
    "Ishigaki": (124.16, 24.34),
}  # fmt: skip
_NAMES = tuple(_TOWNS)
_LONLAT = np.array(list(_TOWNS.values()))


def near(lon_deg: float, lat_deg: float) -> str:
    """Return a place in words: longitude, latitude, and the town that is near, where one is."""
    place = f"longitude {lon_deg:.4f}, latitude {lat_deg:.4f}"
    name = town(lon_deg, lat_deg)
    return f"{place} (near {name})" if name else place


def town(lon_deg: float, lat_deg: float) -> str | None:
    """Return the name of the town that is nearest to a place, None where none is near.

    Near is within some 40 km, so a name is no more than a hint.
    """
    east = (_LONLAT[:, 0] - lon_deg) * np.cos(np.radians(lat_deg))
    away = np.hypot(east, _LONLAT[:, 1] - lat_deg)
    nearest = int(np.argmin(away))
    return _NAMES[nearest] if away[nearest] < _NEAR_DEG else None
