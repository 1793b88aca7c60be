"""Everything the shop holds: rows by kind, as the modules of each domain change them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.magento2.values import folded

ALL = 0  # the store id of ``/rest/all``: default values
DEFAULT_SET = 4
ALL_GROUPS = 32000
DEFAULT_SOURCE = "default"


class Ids:
    """Counters by kind of row; ids that were given out by hand are stepped over."""

    def __init__(self) -> None:
        self._last: dict[str, int] = defaultdict(int)
        self._taken: dict[str, set[int]] = defaultdict(set)

    def next(self, kind: str) -> int:
        """The next free id."""
        self._last[kind] += 1
        while self._last[kind] in self._taken[kind]:
            self._last[kind] += 1
        return self._last[kind]

    def take(self, kind: str, number: int) -> int:
        """Give out this very id."""
        self._taken[kind].add(number)
        return number

    def start(self, kind: str, last: int) -> None:
        """Let the next id be the one after ``last``."""
        self._last[kind] = last


@dataclass
class Settings:
    """The shop's configuration, as far as it changes answers; the admin panel's words beside each."""

    price_scope: str = "global"  # catalog/price/scope: "global" or "website"
    prices_include_tax: bool = True  # tax/calculation/price_includes_tax
    weight_unit: str = "kgs"  # general/locale/weight_unit
    base_url: str = "https://shop.example.test/"
    integration_as_bearer: bool = True  # oauth/consumer/enable_integration_as_bearer
    two_factor: bool = False  # module TwoFactorAuth on and not set up
    maximum_page_size: int | None = 300  # webapi/validation/maximum_page_size
    complex_array_limit: int | None = None  # webapi/validation/complex_array_limit
    default_page_size: int | None = None  # webapi/validation/default_page_size
    consumer_delay_s: int | None = 1  # how long until the queue consumer takes an operation; None: it does not run
    admin_token_s: int = 3600  # webapi/jwtauth/admin_expiration
    lock_after: int = 6  # oauth/authentication_lock/max_failures_count
    lock_s: int = 1800  # oauth/authentication_lock/timeout


@dataclass
class Website:
    id: int
    code: str
    name: str
    default_group_id: int


@dataclass
class StoreGroup:
    id: int
    website_id: int
    root_category_id: int
    default_store_id: int
    name: str
    code: str


@dataclass
class StoreView:
    id: int
    code: str
    name: str
    website_id: int
    store_group_id: int
    is_active: int = 1
    locale: str = "en_US"


@dataclass
class AttributeOption:
    id: int
    label: str
    sort_order: int


@dataclass
class Attribute:
    """A product attribute. ``rank`` is its place among the custom attributes of a product."""

    id: int
    code: str
    label: str | None
    input: str | None
    backend_type: str
    scope: str  # "global", "website", "store"
    is_required: bool = False
    is_user_defined: bool = True
    is_unique: bool = False
    apply_to: tuple[str, ...] = ()
    options: list[AttributeOption] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)  # further members of its answer
    rank: tuple[float, ...] = (0.0,)
    in_set: bool = True

    @property
    def has_table_options(self) -> bool:
        """Whether its options are rows that can be added."""
        return self.input in ("select", "multiselect") and "source_model" not in self.extra

    def applies_to(self, type_id: str) -> bool:
        return not self.apply_to or type_id in self.apply_to


@dataclass
class TierPrice:
    """One tier row; either ``value`` or ``percentage``."""

    website_id: int
    group_id: int
    qty: Decimal
    value: Decimal | None
    percentage: Decimal | None = None

    @property
    def key(self) -> tuple[int, int, Decimal]:
        return self.website_id, self.group_id, self.qty


@dataclass
class StockItem:
    """The legacy stock item; mirrors the source ``default`` (M§1)."""

    id: int
    qty: Decimal | None = None
    is_in_stock: bool = False
    changes: dict[str, Any] = field(default_factory=dict)  # members that differ from the shop's usual ones
    low_stock_date: datetime | None = None
    status_changed_auto: int = 0
    saved: bool = True  # False: written past the shop's own code; its first save sets no low stock date


@dataclass
class MediaEntry:
    id: int
    media_type: str
    label: str | None
    position: int
    disabled: bool
    file: str
    content: dict[str, Any]


Value = Decimal | int | str | None


@dataclass
class Product:
    """``values``: attribute code → store id → value; an override of None hides the default."""

    id: int
    sku: str
    type_id: str
    attribute_set_id: int
    created_at: datetime
    updated_at: datetime
    stock: StockItem
    website_ids: list[int] = field(default_factory=list)
    categories: dict[int, int] = field(default_factory=dict)
    values: dict[str, dict[int, Value]] = field(default_factory=dict)
    tiers: list[TierPrice] = field(default_factory=list)
    media: list[MediaEntry] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    axes: list[dict[str, Any]] = field(default_factory=list)

    def value(self, code: str, store_id: int = ALL) -> Value:
        """What this store view shows: its override, else the default."""
        by_store = self.values.get(code)
        if by_store is None:
            return None
        return by_store[store_id] if store_id in by_store else by_store.get(ALL)


@dataclass
class Category:
    id: int
    parent_id: int
    name: str
    position: int
    level: int
    path: str
    created_at: datetime
    updated_at: datetime
    is_active: bool = True
    include_in_menu: bool = True
    url_key: str = ""


@dataclass
class Source:
    code: str
    name: str
    members: dict[str, Any] = field(default_factory=dict)
    frontend_name: str = ""

    @property
    def enabled(self) -> bool:
        return bool(self.members.get("enabled", True))


@dataclass
class SourceItem:
    sku: str
    source_code: str
    quantity: Decimal
    status: int


@dataclass
class Stock:
    id: int
    name: str
    channels: list[str] = field(default_factory=list)  # website codes
    links: dict[str, int] = field(default_factory=dict)  # source code → priority


@dataclass
class Reservation:
    stock_id: int
    sku: str
    quantity: Decimal
    reason: str


@dataclass
class OrderItem:
    """A line. ``parent`` is the item id of the configurable line that it belongs to."""

    id: int
    product_id: int
    sku: str
    name: str
    type_id: str
    ordered: Decimal
    price: Decimal
    price_incl_tax: Decimal
    row_total: Decimal
    tax_amount: Decimal
    tax_percent: Decimal
    weight: Decimal | None
    created_at: datetime
    updated_at: datetime
    tax_code: str = ""
    parent: int | None = None
    option: dict[str, Any] | None = None
    invoiced: Decimal = Decimal(0)
    shipped: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    canceled: Decimal = Decimal(0)

    @property
    def row_total_incl_tax(self) -> Decimal:
        return self.row_total + self.tax_amount

    @property
    def to_ship(self) -> Decimal:
        return max(Decimal(0), self.ordered - self.shipped - self.refunded - self.canceled)

    @property
    def to_invoice(self) -> Decimal:
        return max(Decimal(0), self.ordered - self.invoiced - self.canceled)


@dataclass
class Order:
    id: int
    increment_id: str
    store_id: int
    stock_id: int
    created_at: datetime
    updated_at: datetime
    email: str
    firstname: str
    lastname: str
    customer_id: int | None
    group_id: int
    billing: dict[str, Any]
    shipping: dict[str, Any]
    items: list[OrderItem]
    shipping_amount: Decimal
    protect_code: str
    state: str = "new"
    status: str = "pending"
    held: tuple[str, str] | None = None
    ext_order_id: str | None = None
    comments: list[dict[str, Any]] = field(default_factory=list)

    @property
    def lines(self) -> list[OrderItem]:
        """The lines that carry money: not the children of configurable ones."""
        return [item for item in self.items if item.parent is None]

    @property
    def subtotal(self) -> Decimal:
        return sum((item.row_total for item in self.lines), Decimal(0))

    @property
    def tax_amount(self) -> Decimal:
        return sum((item.tax_amount for item in self.lines), Decimal(0))

    @property
    def grand_total(self) -> Decimal:
        return self.subtotal + self.tax_amount + self.shipping_amount


@dataclass
class Shipment:
    id: int
    order_id: int
    created_at: datetime
    source_code: str
    items: list[tuple[int, int, Decimal]]  # own id, order item id, quantity
    tracks: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Invoice:
    id: int
    order_id: int
    created_at: datetime
    items: list[tuple[int, int, Decimal]]
    shipping_amount: Decimal


@dataclass
class CreditMemo:
    id: int
    order_id: int
    created_at: datetime
    items: list[tuple[int, int, Decimal]]
    shipping_amount: Decimal
    positive: Decimal
    negative: Decimal


@dataclass
class Customer:
    id: int
    email: str
    firstname: str
    lastname: str
    website_id: int
    store_id: int
    group_id: int
    created_at: datetime
    updated_at: datetime
    created_in: str
    optional: dict[str, Any] = field(default_factory=dict)  # taxvat, dob, middlename …
    custom: dict[str, Any] = field(default_factory=dict)  # attributes of the shop's own
    addresses: list[dict[str, Any]] = field(default_factory=list)
    default_billing: int | None = None
    default_shipping: int | None = None
    is_subscribed: bool = False
    password_hash: str | None = None


@dataclass
class CustomerGroup:
    id: int
    code: str
    tax_class_id: int


@dataclass
class TaxClass:
    id: int
    name: str
    type: str  # "PRODUCT" or "CUSTOMER"


@dataclass
class TaxRate:
    id: int
    country: str
    rate: Decimal
    code: str
    region_id: int = 0
    region_name: str | None = None
    postcode: str = "*"


@dataclass
class Operation:
    """One operation of a bulk; status 4 open, 1 complete, 3 failed for good (M§10)."""

    id: int
    given: dict[str, Any]
    meta: str
    status: int = 4
    result: str | None = None
    message: str | None = None
    error_code: int | None = None


@dataclass
class Bulk:
    uuid: str
    topic: str
    service_class: str
    route: str
    path: dict[str, str]
    store_id: int
    user_type: int
    user_id: int
    started_at: datetime
    operations: list[Operation]


@dataclass
class Integration:
    """A consumer with its access token; ``resources`` None is everything."""

    id: int
    name: str
    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str
    resources: tuple[str, ...] | None = None

    def may(self, resource: str) -> bool:
        return self.resources is None or resource.startswith(self.resources)


@dataclass
class Admin:
    id: int
    username: str
    password: str
    failures: int = 0
    locked_until: datetime | None = None


@dataclass
class Database:
    """All rows of one shop."""

    settings: Settings = field(default_factory=Settings)
    ids: Ids = field(default_factory=Ids)
    websites: dict[int, Website] = field(default_factory=dict)
    groups: dict[int, StoreGroup] = field(default_factory=dict)
    views: dict[int, StoreView] = field(default_factory=dict)
    attributes: dict[str, Attribute] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    categories: dict[int, Category] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    source_items: dict[tuple[str, str], SourceItem] = field(default_factory=dict)
    stocks: dict[int, Stock] = field(default_factory=dict)
    reservations: list[Reservation] = field(default_factory=list)
    reserved: dict[tuple[int, str], Decimal] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    shipments: dict[int, Shipment] = field(default_factory=dict)
    invoices: dict[int, Invoice] = field(default_factory=dict)
    credit_memos: dict[int, CreditMemo] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    customer_attributes: set[str] = field(default_factory=set)
    customer_groups: dict[int, CustomerGroup] = field(default_factory=dict)
    tax_classes: dict[int, TaxClass] = field(default_factory=dict)
    tax_rates: dict[int, TaxRate] = field(default_factory=dict)
    tax_of: dict[tuple[int, str], int] = field(default_factory=dict)  # (product class, country) → tax rate id
    bulks: dict[str, Bulk] = field(default_factory=dict)
    integrations: list[Integration] = field(default_factory=list)
    admins: dict[str, Admin] = field(default_factory=dict)
    nonces: set[tuple[int, str, str]] = field(default_factory=set)
    token_key: bytes = b""
    _by_sku: dict[str, list[int]] = field(default_factory=dict)
    _by_url_key: dict[str, list[int]] = field(default_factory=dict)

    def add_product(self, product: Product) -> None:
        """Store a new product; a SKU may exist more than once (M2.1)."""
        self.products[product.id] = product
        self._by_sku.setdefault(folded(product.sku), []).append(product.id)
        self.index_url_key(product)

    def rename_product(self, product: Product, sku: str, now: datetime) -> None:
        """Another SKU; what lies in the sources goes along."""
        before, after = folded(product.sku), folded(sku)
        self._by_sku[before].remove(product.id)
        self._by_sku.setdefault(after, []).append(product.id)
        product.sku, product.updated_at = sku, now
        for code in self.sources:
            if (item := self.source_items.pop((before, code), None)) is not None:
                item.sku = sku
                self.source_items[after, code] = item

    def remove_product(self, product: Product) -> None:
        """Take a product away."""
        del self.products[product.id]
        self._by_sku[folded(product.sku)].remove(product.id)

    def rename(self, product: Product, sku: str) -> None:
        """Give a product another SKU, or another spelling of it."""
        self._by_sku[folded(product.sku)].remove(product.id)
        product.sku = sku
        self._by_sku.setdefault(folded(sku), []).append(product.id)

    def index_url_key(self, product: Product) -> None:
        """Make the product findable by its URL key."""
        self._by_url_key.setdefault(str(product.value("url_key") or ""), []).append(product.id)

    def with_url_key(self, key: str) -> list[Product]:
        """The products that bear a URL key."""
        found = {number for number in self._by_url_key.get(key, []) if number in self.products}
        return [product for number in sorted(found) if (product := self.products[number]).value("url_key") == key]

    def with_sku(self, sku: str) -> list[Product]:
        """The products with a SKU, lowest id first; letter case and blanks at the end do not count (M2.2)."""
        return [self.products[number] for number in sorted(self._by_sku.get(folded(sku), []))]

    def source_items_of(self, sku: str) -> Iterator[SourceItem]:
        """The source items of a SKU, in the order of the sources."""
        key = folded(sku)
        for code in self.sources:
            item = self.source_items.get((key, code))
            if item is not None:
                yield item

    def reserve(self, stock_id: int, sku: str, quantity: Decimal, reason: str) -> None:
        """Write a reservation: negative for an order, positive when it is compensated (M§1)."""
        self.reservations.append(Reservation(stock_id, sku, quantity, reason))
        key = (stock_id, folded(sku))
        self.reserved[key] = self.reserved.get(key, Decimal(0)) + quantity

    def stock_of_website(self, code: str) -> Stock | None:
        """The stock that sells on a website."""
        return next((stock for stock in self.stocks.values() if code in stock.channels), None)

    def view(self, code: str) -> StoreView | None:
        """A store view by its code."""
        return next((view for view in self.views.values() if view.code == code), None)

    @property
    def default_view(self) -> StoreView:
        """The default view of the default website: what ``/rest/V1`` means."""
        return self.views[self.groups[self.websites[1].default_group_id].default_store_id]
