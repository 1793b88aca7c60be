"""The input objects of the services that the stand-in offers, by the names and types of the shop's own schema."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.magento2.inputs import Kind, Many, Shape


def _fields(text: str, kinds: Mapping[str, Kind] | None = None) -> dict[str, Kind]:
    """``"id:int name:string"`` → fields; ``kinds`` adds those that are objects or lists."""
    plain: dict[str, Kind] = {name: kind for name, _, kind in (word.partition(":") for word in text.split())}
    return plain | dict(kinds or {})


CATALOG = "Magento\\Catalog\\Api\\Data\\"
STOCK_ITEM = Shape(
    "Magento\\CatalogInventory\\Api\\Data\\StockItemInterface",
    _fields(
        "item_id:int product_id:int stock_id:int qty:float is_in_stock:boolean is_qty_decimal:boolean"
        " show_default_notification_message:boolean use_config_min_qty:boolean min_qty:float"
        " use_config_min_sale_qty:int min_sale_qty:float use_config_max_sale_qty:boolean max_sale_qty:float"
        " use_config_backorders:boolean backorders:int use_config_notify_stock_qty:boolean notify_stock_qty:float"
        " use_config_qty_increments:boolean qty_increments:float use_config_enable_qty_inc:boolean"
        " enable_qty_increments:boolean use_config_manage_stock:boolean manage_stock:boolean low_stock_date:string"
        " is_decimal_divided:boolean stock_status_changed_auto:int extension_attributes:mixed"
    ),
)
CATEGORY_LINK = Shape(CATALOG + "CategoryLinkInterface", _fields("position:int category_id:string"))
PRODUCT_EXTENSION = Shape(
    CATALOG + "ProductExtensionInterface",
    _fields(
        "configurable_product_options:mixed configurable_product_links:mixed bundle_product_options:mixed"
        " downloadable_product_links:mixed downloadable_product_samples:mixed giftcard_amounts:mixed discounts:mixed",
        {"website_ids": Many("int"), "category_links": Many(CATEGORY_LINK), "stock_item": STOCK_ITEM},
    ),
)
TIER_IN_PRODUCT = Shape(
    CATALOG + "ProductTierPriceInterface",
    _fields(
        "customer_group_id:int qty:float value:float",
        {
            "extension_attributes": Shape(
                CATALOG + "ProductTierPriceExtensionInterface", _fields("percentage_value:float website_id:int")
            )
        },
    ),
)
IMAGE_CONTENT = Shape(
    "Magento\\Framework\\Api\\Data\\ImageContentInterface",
    _fields("base64_encoded_data:string type:string name:string"),
)
MEDIA_ENTRY = Shape(
    CATALOG + "ProductAttributeMediaGalleryEntryInterface",
    _fields(
        "id:int media_type:string label:string position:int disabled:boolean file:string extension_attributes:mixed",
        {"types": Many("string"), "content": IMAGE_CONTENT},
    ),
)
PRODUCT_LINK = Shape(
    CATALOG + "ProductLinkInterface",
    _fields(
        "sku:string link_type:string linked_product_sku:string linked_product_type:string position:int"
        " extension_attributes:mixed"
    ),
)
PRODUCT = Shape(
    CATALOG + "ProductInterface",
    _fields(
        "id:int sku:string name:string attribute_set_id:int price:float status:int visibility:int type_id:string"
        " created_at:string updated_at:string weight:float options:mixed custom_attributes:attributes",
        {
            "extension_attributes": PRODUCT_EXTENSION,
            "product_links": Many(PRODUCT_LINK),
            "media_gallery_entries": Many(MEDIA_ENTRY),
            "tier_prices": Many(TIER_IN_PRODUCT),
        },
    ),
)
WEBSITE_LINK = Shape(CATALOG + "ProductWebsiteLinkInterface", _fields("sku:string website_id:int"))
CATEGORY_PRODUCT_LINK = Shape(
    CATALOG + "CategoryProductLinkInterface",
    _fields("sku:string position:int category_id:string extension_attributes:mixed"),
)
CATEGORY = Shape(
    CATALOG + "CategoryInterface",
    _fields(
        "id:int parent_id:int name:string is_active:boolean position:int level:int children:string created_at:string"
        " updated_at:string path:string include_in_menu:boolean available_sort_by:mixed extension_attributes:mixed"
        " custom_attributes:attributes"
    ),
)
BASE_PRICE = Shape(CATALOG + "BasePriceInterface", _fields("price:float store_id:int sku:string"))
SPECIAL_PRICE = Shape(
    CATALOG + "SpecialPriceInterface",
    _fields("price:float store_id:int sku:string price_from:string price_to:string"),
)
TIER_PRICE = Shape(
    CATALOG + "TierPriceInterface",
    _fields("price:float price_type:string website_id:int sku:string customer_group:string quantity:float"),
)
COST = Shape(CATALOG + "CostInterface", _fields("cost:float store_id:int sku:string"))

OPTION = Shape(
    "Magento\\Eav\\Api\\Data\\AttributeOptionInterface",
    _fields("label:string value:string sort_order:int is_default:boolean store_labels:mixed"),
)
FRONTEND_LABEL = Shape("Magento\\Eav\\Api\\Data\\AttributeFrontendLabelInterface", _fields("store_id:int label:string"))
ATTRIBUTE = Shape(
    CATALOG + "ProductAttributeInterface",
    _fields(
        "is_wysiwyg_enabled:boolean is_html_allowed_on_front:boolean used_for_sort_by:boolean is_filterable:boolean"
        " is_filterable_in_search:boolean is_used_in_grid:boolean is_visible_in_grid:boolean"
        " is_filterable_in_grid:boolean position:int apply_to:mixed is_searchable:string"
        " is_visible_in_advanced_search:string is_comparable:string is_used_for_promo_rules:string"
        " is_visible_on_front:string used_in_product_listing:string is_visible:boolean scope:string attribute_id:int"
        " attribute_code:string frontend_input:string entity_type_id:string is_required:boolean"
        " is_user_defined:boolean default_frontend_label:string note:string backend_type:string backend_model:string"
        " source_model:string default_value:string is_unique:string frontend_class:string validation_rules:mixed"
        " custom_attributes:mixed extension_attributes:mixed",
        {"options": Many(OPTION), "frontend_labels": Many(FRONTEND_LABEL)},
    ),
)
ATTRIBUTE_SET = Shape(
    "Magento\\Eav\\Api\\Data\\AttributeSetInterface",
    _fields("attribute_set_id:int attribute_set_name:string sort_order:int entity_type_id:int"),
)

INVENTORY = "Magento\\InventoryApi\\Api\\Data\\"
SOURCE = Shape(
    INVENTORY + "SourceInterface",
    _fields(
        "source_code:string name:string enabled:boolean description:string latitude:float longitude:float region_id:int"
        " region:string country_id:string city:string street:string postcode:string contact_name:string email:string"
        " phone:string fax:string use_default_carrier_config:boolean carrier_links:mixed extension_attributes:mixed"
    ),
)
SALES_CHANNEL = Shape(
    "Magento\\InventorySalesApi\\Api\\Data\\SalesChannelInterface", _fields("type:string code:string")
)
STOCK = Shape(
    INVENTORY + "StockInterface",
    _fields(
        "stock_id:int name:string",
        {"extension_attributes": Shape(INVENTORY + "StockExtensionInterface", {"sales_channels": Many(SALES_CHANNEL)})},
    ),
)
STOCK_LINK = Shape(INVENTORY + "StockSourceLinkInterface", _fields("stock_id:int source_code:string priority:int"))
SOURCE_ITEM = Shape(
    INVENTORY + "SourceItemInterface",
    _fields("sku:string source_code:string quantity:float status:int extension_attributes:mixed"),
)
SELECTION_REQUEST = Shape(
    "Magento\\InventorySourceSelectionApi\\Api\\Data\\InventoryRequestInterface",
    _fields(
        "stock_id:int extension_attributes:mixed",
        {
            "items": Many(
                Shape(
                    "Magento\\InventorySourceSelectionApi\\Api\\Data\\ItemRequestInterface",
                    _fields("sku:string qty:float"),
                )
            )
        },
    ),
)

REGION = Shape(
    "Magento\\Customer\\Api\\Data\\RegionInterface",
    _fields("region_code:string region:string region_id:int extension_attributes:mixed"),
)
ADDRESS = Shape(
    "Magento\\Customer\\Api\\Data\\AddressInterface",
    _fields(
        "id:int customer_id:int region_id:int country_id:string company:string telephone:string fax:string"
        " postcode:string city:string firstname:string lastname:string middlename:string prefix:string suffix:string"
        " vat_id:string default_shipping:boolean default_billing:boolean extension_attributes:mixed"
        " custom_attributes:attributes",
        {"region": REGION, "street": Many("string")},
    ),
)
CUSTOMER = Shape(
    "Magento\\Customer\\Api\\Data\\CustomerInterface",
    _fields(
        "id:int group_id:int default_billing:string default_shipping:string confirmation:string created_at:string"
        " updated_at:string created_in:string dob:string email:string firstname:string lastname:string"
        " middlename:string prefix:string suffix:string gender:int store_id:int taxvat:string website_id:int"
        " disable_auto_group_change:int custom_attributes:attributes",
        {
            "addresses": Many(ADDRESS),
            "extension_attributes": Shape(
                "Magento\\Customer\\Api\\Data\\CustomerExtensionInterface",
                _fields("is_subscribed:boolean assistance_allowed:int company_attributes:mixed"),
            ),
        },
    ),
)
GROUP = Shape(
    "Magento\\Customer\\Api\\Data\\GroupInterface",
    _fields("id:int code:string tax_class_id:int tax_class_name:string extension_attributes:mixed"),
)
TAX_RATE = Shape(
    "Magento\\Tax\\Api\\Data\\TaxRateInterface",
    _fields(
        "id:int tax_country_id:string tax_region_id:int region_name:string tax_postcode:string zip_is_range:int"
        " zip_from:int zip_to:int rate:float code:string titles:mixed extension_attributes:mixed"
    ),
)

SALES = "Magento\\Sales\\Api\\Data\\"
ITEM_CREATION = _fields("order_item_id:int qty:float extension_attributes:mixed")
SHIPMENT_ITEM = Shape(SALES + "ShipmentItemCreationInterface", ITEM_CREATION)
INVOICE_ITEM = Shape(SALES + "InvoiceItemCreationInterface", ITEM_CREATION)
REFUND_ITEM = Shape(SALES + "CreditmemoItemCreationInterface", ITEM_CREATION)
TRACK_CREATION = Shape(
    SALES + "ShipmentTrackCreationInterface",
    _fields("track_number:string title:string carrier_code:string extension_attributes:mixed"),
)
COMMENT_CREATION = Shape(
    SALES + "CommentInterface", _fields("comment:string is_visible_on_front:int extension_attributes:mixed")
)
SHIPMENT_ARGUMENTS = Shape(
    SALES + "ShipmentCreationArgumentsInterface",
    {"extension_attributes": Shape(SALES + "ShipmentCreationArgumentsExtensionInterface", {"source_code": "string"})},
)
REFUND_ARGUMENTS = Shape(
    SALES + "CreditmemoCreationArgumentsInterface",
    _fields(
        "shipping_amount:float adjustment_positive:float adjustment_negative:float",
        {
            "extension_attributes": Shape(
                SALES + "CreditmemoCreationArgumentsExtensionInterface", {"return_to_stock_items": Many("int")}
            )
        },
    ),
)
STATUS_HISTORY = Shape(
    SALES + "OrderStatusHistoryInterface",
    _fields(
        "comment:string created_at:string entity_id:int entity_name:string is_customer_notified:int"
        " is_visible_on_front:int parent_id:int status:string extension_attributes:mixed"
    ),
)
TRACK = Shape(
    SALES + "ShipmentTrackInterface",
    _fields(
        "order_id:int created_at:string entity_id:int parent_id:int updated_at:string weight:float qty:float"
        " description:string track_number:string title:string carrier_code:string extension_attributes:mixed"
    ),
)
ORDER_ADDRESS = Shape(
    SALES + "OrderAddressInterface",
    _fields(
        "address_type:string city:string company:string country_id:string customer_address_id:int customer_id:int"
        " email:string entity_id:int fax:string firstname:string lastname:string middlename:string parent_id:int"
        " postcode:string prefix:string region:string region_code:string region_id:int suffix:string telephone:string"
        " vat_id:string extension_attributes:mixed",
        {"street": Many("string")},
    ),
)
ORDER = Shape(
    SALES + "OrderInterface",
    _fields(
        "entity_id:int ext_order_id:string ext_customer_id:string state:string status:string increment_id:string"
        " customer_note:string extension_attributes:mixed"
    ),
)
