"""What is told of a published dataset: STAC, DCAT and CKAN, in Japanese and English."""
