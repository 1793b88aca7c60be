"""The product attributes that every shop is born with: code, input, backend type, scope, flags.

Flags: R required, U user defined (may be removed), Q unique. Order is that of their ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIRST_ID = 73
PRICED = ("simple", "virtual", "downloadable", "bundle", "configurable")

TABLE = """
name text varchar store R
sku text static global RQ
description textarea text store -
short_description textarea text store -
price price decimal global R
special_price price decimal global -
special_from_date date datetime website -
special_to_date date datetime website -
cost price decimal global U
weight weight decimal global -
manufacturer select int global U
meta_title text varchar store -
meta_keyword textarea text store -
meta_description textarea varchar store -
image media_image varchar store -
small_image media_image varchar store -
thumbnail media_image varchar store -
media_gallery gallery static global -
old_id text int global -
tier_price text decimal website -
color select int global U
news_from_date date datetime website -
news_to_date date datetime website -
gallery gallery varchar global -
status select int website -
minimal_price price decimal store -
visibility select int store -
custom_design select varchar store -
custom_design_from date datetime store -
custom_design_to date datetime store -
custom_layout_update textarea text store -
page_layout select varchar store -
category_ids text static global -
options_container select varchar store -
required_options text static global -
has_options text static global -
image_label text varchar store -
small_image_label text varchar store -
thumbnail_label text varchar store -
created_at date static global R
updated_at date static global R
country_of_manufacture select varchar website -
quantity_and_stock_status select int global -
custom_layout select varchar store -
custom_layout_update_file select varchar store -
url_key text varchar store -
url_path text varchar store -
msrp price decimal global -
msrp_display_actual_price_type select varchar website -
links_purchased_separately - int global R
samples_title - varchar store R
links_title - varchar store R
links_exist - int global -
price_type boolean int global R
sku_type boolean int global R
weight_type boolean int global R
price_view select int global R
shipment_type select int global R
gift_message_available select varchar global -
swatch_image media_image varchar store -
tax_class_id select int website -
"""

LABELS: Mapping[str, str] = {
    "name": "Product Name",
    "sku": "SKU",
    "description": "Description",
    "short_description": "Short Description",
    "price": "Price",
    "special_price": "Special Price",
    "special_from_date": "Special Price From Date",
    "special_to_date": "Special Price To Date",
    "cost": "Cost",
    "weight": "Weight",
    "manufacturer": "Manufacturer",
    "color": "Color",
    "status": "Enable Product",
    "visibility": "Visibility",
    "url_key": "URL Key",
    "tax_class_id": "Tax Class",
}

APPLY_TO: Mapping[str, tuple[str, ...]] = {
    "price": PRICED,
    "tax_class_id": PRICED,
    "msrp_display_actual_price_type": PRICED,
    "special_price": PRICED,
    "special_from_date": PRICED,
    "special_to_date": PRICED,
    "cost": ("simple", "virtual", "downloadable"),
    "weight": ("simple", "virtual", "bundle", "downloadable", "configurable"),
}

EXTRA: Mapping[str, Mapping[str, Any]] = {
    "price": {
        "used_for_sort_by": True,
        "is_filterable": True,
        "is_searchable": "1",
        "is_visible_in_advanced_search": "1",
        "used_in_product_listing": "1",
        "backend_model": "Magento\\Catalog\\Model\\Product\\Attribute\\Backend\\Price",
    },
    "tax_class_id": {
        "is_used_in_grid": True,
        "is_filterable_in_grid": True,
        "is_searchable": "1",
        "used_in_product_listing": "1",
        "source_model": "Magento\\Tax\\Model\\TaxClass\\Source\\Product",
        "default_value": "2",
    },
    "status": {"source_model": "Magento\\Catalog\\Model\\Product\\Attribute\\Source\\Status", "default_value": "1"},
    "visibility": {"source_model": "Magento\\Catalog\\Model\\Product\\Visibility", "default_value": "4"},
    "updated_at": {"is_visible": False},
    "created_at": {"is_visible": False},
}

ORDER_IN_PRODUCT: tuple[str, ...] = (
    "image",
    "small_image",
    "thumbnail",
    "swatch_image",
    "special_price",
    "special_from_date",
    "special_to_date",
    "cost",
    "meta_title",
    "meta_keyword",
    "meta_description",
    "news_from_date",
    "news_to_date",
    "country_of_manufacture",
    "msrp",
    "options_container",
    "url_key",
    "msrp_display_actual_price_type",
    "gift_message_available",
    "required_options",
    "has_options",
    "tax_class_id",
    "category_ids",
)
"""The order in which a product answers its custom attributes; attributes of the shop's own come behind."""

LAST_IN_PRODUCT: tuple[str, ...] = ("manufacturer", "color", "description", "short_description")

MEMBER_WORDS = (
    "name sku price status visibility weight created_at updated_at media_gallery gallery tier_price old_id"
    " minimal_price quantity_and_stock_status required_options has_options links_exist links_title samples_title"
    " links_purchased_separately price_type sku_type weight_type price_view shipment_type"
)
NO_CUSTOM_ATTRIBUTE = frozenset(MEMBER_WORDS.split())
"""Attributes that are members of a product, or computed: not among its custom attributes."""
