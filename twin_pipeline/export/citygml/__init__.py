"""PLATEAU CityGML, theme 地下埋設物 (unf): i-UR 3.2 or 3.1 on CityGML 2.0."""
