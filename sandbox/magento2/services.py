"""Every service the stand-in offers: method, path, permission (from the shop's own route list), input, handler."""

from __future__ import annotations

from sandbox.magento2 import async_bulk as bulk
from sandbox.magento2 import (
    attributes,
    auth,
    categories,
    customers,
    inventory,
    legacy_stock,
    media,
    prices,
    products,
    stores,
)
from sandbox.magento2 import product_save as save
from sandbox.magento2 import sales_services as sales
from sandbox.magento2 import shapes as s
from sandbox.magento2.inputs import Many, Optional, Takes
from sandbox.magento2.routing import Handler, Route

ANYBODY = auth.ANONYMOUS
PRODUCTS = "Magento_Catalog::products"
CATALOG = "Magento_Catalog::catalog"
CATEGORIES = "Magento_Catalog::categories"
ATTRIBUTES = "Magento_Catalog::attributes_attributes"
SETS = "Magento_Catalog::sets"
LEGACY_STOCK = "Magento_Catalog::catalog_inventory"
STORE = "Magento_Backend::store"
TAX = "Magento_Tax::manage_tax"
SOURCE = "Magento_InventoryApi::source"
SOURCE_EDIT = "Magento_InventoryApi::source_edit"
SOURCE_ITEM_EDIT = "Magento_InventoryApi::stock_source_item_assign"
STOCK = "Magento_InventoryApi::stock"
STOCK_EDIT = "Magento_InventoryApi::stock_edit"
STOCK_LINK = "Magento_InventoryApi::stock_source_link"
SALABLE = "Magento_InventorySalesApi::stock"
ORDERS = "Magento_Sales::actions_view"
CREATE_ORDER = "Magento_Sales::create"
SHIPMENTS = "Magento_Sales::shipment"
INVOICES = "Magento_Sales::sales_invoice"
CREDIT_MEMOS = "Magento_Sales::sales_creditmemo"
CUSTOMERS = "Magento_Customer::customer"
MANAGE_CUSTOMERS = "Magento_Customer::manage"
GROUPS = "Magento_Customer::group"
BULK = "Magento_Logging::system_magento_logging_bulk_operations"
CATALOG_API = "Magento\\Catalog\\Api\\"
CATALOG_MODEL = "Magento\\Catalog\\Model\\"
INVENTORY_API = "Magento\\InventoryApi\\Api\\"
INVENTORY_MODEL = "Magento\\Inventory\\Model\\"
SALES_API = "Magento\\Sales\\Api\\"

PRODUCT_BODY: Takes = {"product": s.PRODUCT, "saveOptions": Optional("boolean")}
SKUS = {"skus": Many("string")}
COMMON_DOCUMENT = {
    "notify": Optional("boolean"),
    "appendComment": Optional("boolean"),
    "comment": Optional(s.COMMENT_CREATION),
}

CATALOG_ROUTES: tuple[Route, ...] = (
    Route("GET", "/V1/products", PRODUCTS, products.list_products),
    Route("GET", "/V1/products/:sku", PRODUCTS, products.get_product),
    Route(
        "POST",
        "/V1/products",
        PRODUCTS,
        save.post_product,
        PRODUCT_BODY,
        check=save.check_product,
        service=CATALOG_API + "ProductRepositoryInterface::save",
        by=CATALOG_MODEL + "ProductRepository\\Interceptor",
    ),
    Route(
        "PUT",
        "/V1/products/:sku",
        PRODUCTS,
        save.put_product,
        PRODUCT_BODY,
        check=save.check_product,
        service=CATALOG_API + "ProductRepositoryInterface::save",
        by=CATALOG_MODEL + "ProductRepository\\Interceptor",
        alias="/V1/products",
    ),
    Route(
        "DELETE",
        "/V1/products/:sku",
        PRODUCTS,
        save.delete_product,
        service=CATALOG_API + "ProductRepositoryInterface::deleteById",
        by=CATALOG_MODEL + "ProductRepository\\Interceptor",
    ),
    Route("GET", "/V1/products/types", PRODUCTS, products.list_types),
    Route("GET", "/V1/products-render-info", ANYBODY, products.render_info),
    Route(
        "POST",
        "/V1/products/:sku/websites",
        PRODUCTS,
        save.put_website,
        {"productWebsiteLink": s.WEBSITE_LINK},
        service=CATALOG_API + "ProductWebsiteLinkRepositoryInterface::save",
    ),
    Route(
        "PUT",
        "/V1/products/:sku/websites",
        PRODUCTS,
        save.put_website,
        {"productWebsiteLink": s.WEBSITE_LINK},
        service=CATALOG_API + "ProductWebsiteLinkRepositoryInterface::save",
    ),
    Route(
        "DELETE",
        "/V1/products/:sku/websites/:websiteId",
        PRODUCTS,
        save.delete_website,
        service=CATALOG_API + "ProductWebsiteLinkRepositoryInterface::deleteById",
    ),
    Route(
        "POST",
        "/V1/products/:sku/links",
        CATALOG,
        save.post_links,
        {"items": Many(s.PRODUCT_LINK)},
        service=CATALOG_API + "ProductLinkManagementInterface::setProductLinks",
    ),
    Route("GET", "/V1/products/:sku/media", CATALOG, media.list_media),
    Route(
        "POST",
        "/V1/products/:sku/media",
        CATALOG,
        media.post_media,
        {"entry": s.MEDIA_ENTRY},
        service=CATALOG_API + "ProductAttributeMediaGalleryManagementInterface::create",
    ),
    Route(
        "PUT",
        "/V1/products/:sku/media/:entryId",
        CATALOG,
        media.put_media,
        {"entry": s.MEDIA_ENTRY},
        service=CATALOG_API + "ProductAttributeMediaGalleryManagementInterface::update",
    ),
    Route(
        "DELETE",
        "/V1/products/:sku/media/:entryId",
        CATALOG,
        media.delete_media,
        service=CATALOG_API + "ProductAttributeMediaGalleryManagementInterface::remove",
    ),
    Route("GET", "/V1/configurable-products/:sku/children", PRODUCTS, save.get_children),
    Route(
        "POST",
        "/V1/configurable-products/:sku/child",
        PRODUCTS,
        save.post_child,
        {"childSku": "string"},
        service="Magento\\ConfigurableProduct\\Api\\LinkManagementInterface::addChild",
    ),
    Route("GET", "/V1/categories", CATEGORIES, categories.get_tree),
    Route("GET", "/V1/categories/list", CATEGORIES, categories.list_categories),
    Route("GET", "/V1/categories/:categoryId", CATEGORIES, categories.get_category),
    Route(
        "POST",
        "/V1/categories",
        CATEGORIES,
        categories.post_category,
        {"category": s.CATEGORY},
        service=CATALOG_API + "CategoryRepositoryInterface::save",
        by=CATALOG_MODEL + "CategoryRepository\\Interceptor",
    ),
    Route(
        "PUT",
        "/V1/categories/:id",
        CATEGORIES,
        categories.put_category,
        {"category": s.CATEGORY},
        service=CATALOG_API + "CategoryRepositoryInterface::save",
        by=CATALOG_MODEL + "CategoryRepository\\Interceptor",
    ),
    Route(
        "DELETE",
        "/V1/categories/:categoryId",
        CATEGORIES,
        categories.delete_category,
        service=CATALOG_API + "CategoryRepositoryInterface::deleteByIdentifier",
    ),
    Route("GET", "/V1/categories/:categoryId/products", CATEGORIES, categories.list_category_products),
    Route(
        "POST",
        "/V1/categories/:categoryId/products",
        CATEGORIES,
        categories.put_category_product,
        {"productLink": s.CATEGORY_PRODUCT_LINK},
        service=CATALOG_API + "CategoryLinkRepositoryInterface::save",
    ),
    Route(
        "PUT",
        "/V1/categories/:categoryId/products",
        CATEGORIES,
        categories.put_category_product,
        {"productLink": s.CATEGORY_PRODUCT_LINK},
        service=CATALOG_API + "CategoryLinkRepositoryInterface::save",
    ),
    Route(
        "DELETE",
        "/V1/categories/:categoryId/products/:sku",
        CATEGORIES,
        categories.delete_category_product,
        service=CATALOG_API + "CategoryLinkRepositoryInterface::deleteByIds",
    ),
)

ATTRIBUTE_ROUTES: tuple[Route, ...] = (
    Route("GET", "/V1/products/attributes", ATTRIBUTES, attributes.list_attributes),
    Route("GET", "/V1/products/attributes/:attributeCode", ATTRIBUTES, attributes.get_attribute),
    Route(
        "POST",
        "/V1/products/attributes",
        ATTRIBUTES,
        attributes.create_attribute,
        {"attribute": s.ATTRIBUTE},
        service=CATALOG_API + "ProductAttributeRepositoryInterface::save",
    ),
    Route("GET", "/V1/products/attributes/:attributeCode/options", ATTRIBUTES, attributes.get_options),
    Route(
        "POST",
        "/V1/products/attributes/:attributeCode/options",
        ATTRIBUTES,
        attributes.post_option,
        {"option": s.OPTION},
        service=CATALOG_API + "ProductAttributeOptionManagementInterface::add",
    ),
    Route(
        "DELETE",
        "/V1/products/attributes/:attributeCode/options/:optionId",
        ATTRIBUTES,
        attributes.delete_option,
        service=CATALOG_API + "ProductAttributeOptionManagementInterface::delete",
    ),
    Route("GET", "/V1/products/attribute-sets/sets/list", SETS, attributes.list_sets),
    Route("GET", "/V1/eav/attribute-sets/list", SETS, attributes.list_sets),
    Route("GET", "/V1/products/attribute-sets/:attributeSetId", SETS, attributes.get_set),
    Route("GET", "/V1/products/attribute-sets/:attributeSetId/attributes", SETS, attributes.set_attributes),
    Route("GET", "/V1/products/attribute-sets/groups/list", SETS, attributes.list_groups),
    Route(
        "POST",
        "/V1/products/attribute-sets/attributes",
        SETS,
        attributes.assign_attribute,
        {"attributeSetId": "int", "attributeGroupId": "int", "attributeCode": "string", "sortOrder": "int"},
        service=CATALOG_API + "ProductAttributeManagementInterface::assign",
    ),
)

BASE, SPECIAL = {"prices": Many(s.BASE_PRICE)}, {"prices": Many(s.SPECIAL_PRICE)}
TIER, COST = {"prices": Many(s.TIER_PRICE)}, {"prices": Many(s.COST)}


def _price_route(path: str, handler: Handler, takes: Takes, method: str = "POST") -> Route:
    """A batch of prices; the service behind ``base-prices-information`` is ``BasePriceStorageInterface::get``."""
    words = path.removesuffix("-information").removesuffix("-delete")
    kind = {"base-prices": "BasePrice", "special-price": "SpecialPrice", "tier-prices": "TierPrice", "cost": "Cost"}
    verb = "get" if path.endswith("-information") else "delete" if path.endswith("-delete") else "update"
    if method == "PUT":
        verb = "replace"
    service = f"{CATALOG_API}{kind[words]}StorageInterface::{verb}"
    by = f"{CATALOG_MODEL}Product\\Price\\{kind[words]}Storage"
    return Route(method, f"/V1/products/{path}", CATALOG, handler, takes, service=service, by=by)


PRICE_ROUTES: tuple[Route, ...] = (
    _price_route("base-prices", prices.post_base_prices, BASE),
    _price_route("base-prices-information", prices.base_price_information, SKUS),
    _price_route("special-price", prices.post_special_prices, SPECIAL),
    _price_route("special-price-information", prices.special_price_information, SKUS),
    _price_route("special-price-delete", prices.delete_special_prices, SPECIAL),
    _price_route("tier-prices", prices.post_tier_prices, TIER),
    _price_route("tier-prices", prices.put_tier_prices, TIER, "PUT"),
    _price_route("tier-prices-delete", prices.delete_tier_prices, TIER),
    _price_route("tier-prices-information", prices.tier_price_information, SKUS),
    _price_route("cost", prices.post_costs, COST),
    _price_route("cost-information", prices.cost_information, SKUS),
    _price_route("cost-delete", prices.delete_costs, SKUS),
    Route("GET", "/V1/products/:sku/group-prices/:customerGroupId/tiers", CATALOG, prices.list_group_tiers),
)

SOURCE_ITEMS, LINKS = {"sourceItems": Many(s.SOURCE_ITEM)}, {"links": Many(s.STOCK_LINK)}
SALABLE_QUERY: Takes = {"skus": Many("string"), "stockId": "int"}

INVENTORY_ROUTES: tuple[Route, ...] = (
    Route("GET", "/V1/stockItems/:productSku", LEGACY_STOCK, legacy_stock.get_stock_item),
    Route(
        "PUT",
        "/V1/products/:productSku/stockItems/:itemId",
        LEGACY_STOCK,
        legacy_stock.put_stock_item,
        {"stockItem": s.STOCK_ITEM},
        service="Magento\\CatalogInventory\\Api\\StockRegistryInterface::updateStockItemBySku",
    ),
    Route("GET", "/V1/inventory/sources", SOURCE, inventory.list_sources),
    Route("GET", "/V1/inventory/sources/:sourceCode", SOURCE, inventory.get_source),
    Route(
        "POST",
        "/V1/inventory/sources",
        SOURCE_EDIT,
        inventory.post_source,
        {"source": s.SOURCE},
        service=INVENTORY_API + "SourceRepositoryInterface::save",
    ),
    Route(
        "PUT",
        "/V1/inventory/sources/:sourceCode",
        SOURCE_EDIT,
        inventory.put_source,
        {"source": s.SOURCE},
        service=INVENTORY_API + "SourceRepositoryInterface::save",
    ),
    Route("GET", "/V1/inventory/stocks", STOCK, inventory.list_stocks),
    Route("GET", "/V1/inventory/stocks/:stockId", STOCK, inventory.get_stock),
    Route(
        "POST",
        "/V1/inventory/stocks",
        STOCK_EDIT,
        inventory.post_stock,
        {"stock": s.STOCK},
        service=INVENTORY_API + "StockRepositoryInterface::save",
    ),
    Route(
        "PUT",
        "/V1/inventory/stocks/:stockId",
        STOCK_EDIT,
        inventory.put_stock,
        {"stock": s.STOCK},
        service=INVENTORY_API + "StockRepositoryInterface::save",
    ),
    Route("GET", "/V1/inventory/stock-source-links", STOCK_LINK, inventory.list_links),
    Route(
        "POST",
        "/V1/inventory/stock-source-links",
        STOCK_LINK,
        inventory.post_links,
        LINKS,
        service=INVENTORY_API + "StockSourceLinksSaveInterface::execute",
    ),
    Route(
        "POST",
        "/V1/inventory/stock-source-links-delete",
        STOCK_LINK,
        inventory.delete_links,
        LINKS,
        service=INVENTORY_API + "StockSourceLinksDeleteInterface::execute",
    ),
    Route(
        "GET",
        "/V1/inventory/get-sources-assigned-to-stock-ordered-by-priority/:stockId",
        SOURCE,
        inventory.list_sources_of_stock,
    ),
    Route("GET", "/V1/inventory/stock-resolver/:type/:code", SALABLE, inventory.resolve_stock),
    Route("GET", "/V1/inventory/source-items", SOURCE, inventory.list_source_items),
    Route(
        "POST",
        "/V1/inventory/source-items",
        SOURCE_ITEM_EDIT,
        inventory.post_source_items,
        SOURCE_ITEMS,
        service=INVENTORY_API + "SourceItemsSaveInterface::execute",
        by=INVENTORY_MODEL + "SourceItem\\Command\\SourceItemsSave\\Interceptor",
    ),
    Route(
        "POST",
        "/V1/inventory/source-items-delete",
        SOURCE_ITEM_EDIT,
        inventory.delete_source_items,
        SOURCE_ITEMS,
        service=INVENTORY_API + "SourceItemsDeleteInterface::execute",
        by=INVENTORY_MODEL + "SourceItem\\Command\\SourceItemsDelete\\Interceptor",
    ),
    Route("GET", "/V1/inventory/get-product-salable-quantity/:sku/:stockId", SALABLE, inventory.get_salable_quantity),
    Route("GET", "/V1/inventory/is-product-salable/:sku/:stockId", SALABLE, inventory.get_is_salable),
    Route("GET", "/V1/inventory/are-products-salable", SALABLE, inventory.get_are_salable, asks=SALABLE_QUERY),
    Route(
        "GET",
        "/V1/inventory/is-product-salable-for-requested-qty/:sku/:stockId/:requestedQty",
        SALABLE,
        inventory.get_is_salable_for,
    ),
    Route(
        "GET",
        "/V1/inventory/export-stock-salable-qty/:salesChannelType/:salesChannelCode",
        STOCK,
        inventory.export_salable,
    ),
    Route(
        "GET", "/V1/inventory/dump-stock-index-data/:salesChannelType/:salesChannelCode", STOCK, inventory.dump_index
    ),
    Route(
        "GET",
        "/V1/inventory/low-quantity-notification/:sourceCode/:sku",
        "Magento_InventoryLowQuantityNotificationApi::low_quantity_notification",
        inventory.get_low_quantity,
    ),
    Route(
        "GET",
        "/V1/inventory/source-selection-algorithm-list",
        "Magento_InventorySourceSelectionApi::source_selection_algorithm",
        inventory.list_algorithms,
    ),
    Route(
        "POST",
        "/V1/inventory/source-selection-algorithm-result",
        "Magento_InventorySourceSelectionApi::source_selection_algorithm_post",
        inventory.select_sources,
        {"inventoryRequest": s.SELECTION_REQUEST, "algorithmCode": "string"},
        service="Magento\\InventorySourceSelectionApi\\Api\\SourceSelectionServiceInterface::execute",
    ),
)

SHIP_BODY = COMMON_DOCUMENT | {
    "items": Optional(Many(s.SHIPMENT_ITEM)),
    "tracks": Optional(Many(s.TRACK_CREATION)),
    "packages": Optional("mixed"),
    "arguments": Optional(s.SHIPMENT_ARGUMENTS),
}
INVOICE_BODY = COMMON_DOCUMENT | {
    "capture": Optional("boolean"),
    "items": Optional(Many(s.INVOICE_ITEM)),
    "arguments": Optional("mixed"),
}
REFUND_BODY = COMMON_DOCUMENT | {
    "items": Optional(Many(s.REFUND_ITEM)),
    "arguments": Optional(s.REFUND_ARGUMENTS),
}

SALES_ROUTES: tuple[Route, ...] = (
    Route("GET", "/V1/orders", ORDERS, sales.list_orders),
    Route("GET", "/V1/orders/:id", ORDERS, sales.get_order),
    Route(
        "POST",
        "/V1/orders",
        CREATE_ORDER,
        sales.post_order,
        {"entity": s.ORDER},
        service=SALES_API + "OrderRepositoryInterface::save",
    ),
    Route(
        "PUT",
        "/V1/orders/:parent_id",
        CREATE_ORDER,
        sales.put_order_address,
        {"entity": s.ORDER_ADDRESS},
        service=SALES_API + "OrderAddressRepositoryInterface::save",
    ),
    Route("GET", "/V1/orders/items", ORDERS, sales.list_items),
    Route("GET", "/V1/orders/items/:id", ORDERS, sales.get_item),
    Route("GET", "/V1/orders/:id/comments", ORDERS, sales.list_comments),
    Route(
        "POST",
        "/V1/orders/:id/comments",
        "Magento_Sales::comment",
        sales.post_comment,
        {"statusHistory": s.STATUS_HISTORY},
        service=SALES_API + "OrderManagementInterface::addComment",
    ),
    Route(
        "POST",
        "/V1/orders/:id/cancel",
        "Magento_Sales::cancel",
        sales.post_cancel,
        service=SALES_API + "OrderManagementInterface::cancel",
    ),
    Route(
        "POST",
        "/V1/orders/:id/hold",
        "Magento_Sales::hold",
        sales.post_hold,
        service=SALES_API + "OrderManagementInterface::hold",
    ),
    Route(
        "POST",
        "/V1/orders/:id/unhold",
        "Magento_Sales::unhold",
        sales.post_unhold,
        service=SALES_API + "OrderManagementInterface::unHold",
    ),
    Route(
        "POST",
        "/V1/order/:orderId/ship",
        "Magento_Sales::ship",
        sales.post_shipment,
        SHIP_BODY,
        service=SALES_API + "ShipOrderInterface::execute",
    ),
    Route(
        "POST",
        "/V1/order/:orderId/invoice",
        "Magento_Sales::invoice",
        sales.post_invoice,
        INVOICE_BODY,
        service=SALES_API + "InvoiceOrderInterface::execute",
    ),
    Route(
        "POST",
        "/V1/order/:orderId/refund",
        "Magento_Sales::creditmemo",
        sales.post_refund,
        REFUND_BODY,
        service=SALES_API + "RefundOrderInterface::execute",
    ),
    Route("GET", "/V1/shipments", SHIPMENTS, sales.list_shipments),
    Route("GET", "/V1/shipment/:id", SHIPMENTS, sales.get_shipment),
    Route(
        "POST",
        "/V1/shipment/track",
        SHIPMENTS,
        sales.post_track,
        {"entity": s.TRACK},
        service=SALES_API + "ShipmentTrackRepositoryInterface::save",
    ),
    Route("GET", "/V1/invoices", INVOICES, sales.list_invoices),
    Route("GET", "/V1/invoices/:id", INVOICES, sales.get_invoice),
    Route("GET", "/V1/creditmemos", CREDIT_MEMOS, sales.list_credit_memos),
    Route("GET", "/V1/creditmemo/:id", CREDIT_MEMOS, sales.get_credit_memo),
)

CUSTOMER_ROUTES: tuple[Route, ...] = (
    Route("GET", "/V1/customers/search", CUSTOMERS, customers.list_customers),
    Route("GET", "/V1/customers/:customerId", CUSTOMERS, customers.get_customer),
    Route(
        "POST",
        "/V1/customers",
        ANYBODY,
        customers.post_customer,
        {"customer": s.CUSTOMER, "password": Optional("string"), "redirectUrl": Optional("string")},
        service="Magento\\Customer\\Api\\AccountManagementInterface::createAccount",
    ),
    Route(
        "PUT",
        "/V1/customers/:customerId",
        MANAGE_CUSTOMERS,
        customers.put_customer,
        {"customer": s.CUSTOMER, "passwordHash": Optional("string")},
        service="Magento\\Customer\\Api\\CustomerRepositoryInterface::save",
    ),
    Route(
        "DELETE",
        "/V1/customers/:customerId",
        "Magento_Customer::delete",
        customers.delete_customer,
        service="Magento\\Customer\\Api\\CustomerRepositoryInterface::deleteById",
    ),
    Route(
        "POST",
        "/V1/customers/isEmailAvailable",
        ANYBODY,
        customers.is_email_available,
        {"customerEmail": "string", "websiteId": Optional("int")},
        service="Magento\\Customer\\Api\\AccountManagementInterface::isEmailAvailable",
    ),
    Route("GET", "/V1/customers/addresses/:addressId", MANAGE_CUSTOMERS, customers.get_address),
    Route(
        "DELETE",
        "/V1/addresses/:addressId",
        MANAGE_CUSTOMERS,
        customers.delete_address,
        service="Magento\\Customer\\Api\\AddressRepositoryInterface::deleteById",
    ),
    Route("GET", "/V1/customerGroups/search", GROUPS, stores.list_customer_groups),
    Route("GET", "/V1/customerGroups/:id", GROUPS, stores.get_customer_group),
    Route(
        "POST",
        "/V1/customerGroups",
        GROUPS,
        stores.post_customer_group,
        {"group": s.GROUP},
        service="Magento\\Customer\\Api\\GroupRepositoryInterface::save",
    ),
)

STORE_ROUTES: tuple[Route, ...] = (
    Route("GET", "/V1/store/websites", STORE, stores.list_websites),
    Route("GET", "/V1/store/storeGroups", STORE, stores.list_groups),
    Route("GET", "/V1/store/storeViews", STORE, stores.list_views),
    Route("GET", "/V1/store/storeConfigs", STORE, stores.list_configs),
    Route("GET", "/V1/directory/currency", ANYBODY, stores.get_currency),
    Route("GET", "/V1/directory/countries", ANYBODY, stores.list_countries),
    Route("GET", "/V1/directory/countries/:countryId", ANYBODY, stores.get_country),
    Route("GET", "/V1/modules", "Magento_Backend::admin", stores.list_modules),
    Route("GET", "/V1/taxClasses/search", TAX, stores.list_tax_classes),
    Route("GET", "/V1/taxClasses/:taxClassId", TAX, stores.get_tax_class),
    Route("GET", "/V1/taxRates/search", TAX, stores.list_tax_rates),
    Route(
        "POST",
        "/V1/taxRates",
        TAX,
        stores.post_tax_rate,
        {"taxRate": s.TAX_RATE},
        service="Magento\\Tax\\Api\\TaxRateRepositoryInterface::save",
    ),
    Route("GET", "/V1/taxRules/search", TAX, stores.list_tax_rules),
)

OTHER_ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/V1/integration/admin/token",
        ANYBODY,
        auth.post_admin_token,
        {"username": "string", "password": "string"},
        service="Magento\\TwoFactorAuth\\Api\\AdminTokenServiceInterface::createAdminAccessToken",
    ),
    Route("GET", "/V1/bulk", BULK, bulk.list_operations),
    Route("GET", "/V1/bulk/:bulkUuid/detailed-status", BULK, bulk.get_detailed_status),
    Route("GET", "/V1/bulk/:bulkUuid/status", BULK, bulk.get_status),
    Route("GET", "/V1/bulk/:bulkUuid/operation-status/:status", BULK, bulk.count_by_status),
)

ROUTES: tuple[Route, ...] = (
    *CATALOG_ROUTES,
    *ATTRIBUTE_ROUTES,
    *PRICE_ROUTES,
    *INVENTORY_ROUTES,
    *SALES_ROUTES,
    *CUSTOMER_ROUTES,
    *STORE_ROUTES,
    *OTHER_ROUTES,
)
