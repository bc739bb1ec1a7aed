"""Order books, rebuilt from changes of levels or of single orders, with the best bid and ask at hand."""

from heapq import heapify, heappop, heappush
from typing import NamedTuple

from schemas.errors import ConfigurationError

MOST_LEVELS = 1 << 20
"""Most levels or orders of a book. No market has nearly as many, so more means that the file was misread."""

Top = tuple[float, float, float, float]
"""Best bid, its size, best ask, its size."""


class Side:
    """The price levels of one side of an order book, with the best one at hand.

    A change takes time proportional to the logarithm of the number of levels.

    Args:
        sign: 1 for asks, whose best price is the lowest; -1 for bids, whose best price is the highest.

    >>> bids = Side(-1)
    >>> for price, size in ((1.5, 3.0), (1.6, 1.0), (1.4, 2.0), (1.6, 0.0)):
    ...     bids.put(price, size)
    >>> bids.best()
    (1.5, 3.0)
    """

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._sizes: dict[float, float] = {}
        self._orders: dict[float, int] = {}
        self._heap: list[float] = []

    def put(self, price: float, size: float) -> None:
        """Set the size of the level at a price; a size of 0 or less removes the level.

        Raises:
            ConfigurationError: the side would have more than 2^20 levels.
        """
        if size <= 0.0:
            self._sizes.pop(price, None)
            return
        if price not in self._sizes:
            if len(self._sizes) >= MOST_LEVELS:
                raise _too_many()
            heappush(self._heap, self._sign * price)
            if len(self._heap) > 2 * len(self._sizes) + 64:
                self._heap = [self._sign * price for price in (*self._sizes, price)]
                heapify(self._heap)
        self._sizes[price] = size

    def join(self, price: float, size: float) -> None:
        """Add the size of a new order to the level at its price."""
        self._orders[price] = self._orders.get(price, 0) + 1
        self.put(price, self._sizes.get(price, 0.0) + size)

    def leave(self, price: float, size: float, whole: bool) -> None:
        """Take an order, or part of it, from the level at its price.

        Args:
            price: price of the order.
            size: size that is taken away.
            whole: whether nothing remains of the order. The level is removed with its last order.
        """
        left = self._orders.get(price, 0) - whole
        self._orders[price] = left
        if left:
            self.put(price, self._sizes.get(price, 0.0) - size)
        else:  # sums of fractions need not come back to 0
            del self._orders[price]
            self.put(price, 0.0)

    def clear_to(self, price: float) -> None:
        """Remove the level at `price` and all better ones: bids at higher prices, or asks at lower prices."""
        for level in [each for each in self._sizes if self._sign * each <= self._sign * price]:
            del self._sizes[level]

    def __len__(self) -> int:
        return len(self._sizes)

    def keep(self, depth: int) -> None:
        """Remove the worst levels, so that at most `depth` levels remain.

        >>> asks = Side(1)
        >>> for price in (1.7, 1.5, 1.6):
        ...     asks.put(price, 1.0)
        >>> asks.keep(2)
        >>> len(asks)
        2
        >>> asks.clear_to(1.6)  # the level at 1.7 is gone already
        >>> asks.best() is None
        True
        """
        if len(self._sizes) > depth:
            for price in sorted(self._sizes, key=lambda price: self._sign * price)[depth:]:
                del self._sizes[price]

    def best(self) -> tuple[float, float] | None:
        """Price and size of the best level; None where the side is empty."""
        heap, sizes, sign = self._heap, self._sizes, self._sign
        while heap:
            price = sign * heap[0]
            size = sizes.get(price)
            if size is not None:
                return price, size
            heappop(heap)
        return None

    def clear(self) -> None:
        """Remove all levels."""
        self._sizes.clear()
        self._orders.clear()
        self._heap.clear()


class BookOrder(NamedTuple):
    """One order that rests in an order book."""

    is_bid: bool
    price: float
    size: float


class OrderBook:
    """The order book of one symbol.

    Attributes:
        known: whether the book is complete, so that its best levels are right. It is False at first and
            after `forget`. It becomes True with `clear`, called when a snapshot begins or a message says
            that the book is empty.

    >>> book = OrderBook()
    >>> book.clear()
    >>> book.level(is_bid=True, price=1.5, size=3.0)
    >>> book.level(is_bid=False, price=1.6, size=4.0)
    >>> book.changed(), book.changed()
    ((1.5, 3.0, 1.6, 4.0), None)
    """

    def __init__(self) -> None:
        self.known = False
        self._bids, self._asks = Side(-1), Side(1)
        self._orders: dict[int, BookOrder] = {}
        self._last: Top | None = None

    def clear(self) -> None:
        """Empty the book and mark it as complete: from now on no order or level of the market is missing in it."""
        self.known = True
        self._bids.clear()
        self._asks.clear()
        self._orders.clear()

    def forget(self) -> None:
        """Mark the book as incomplete because a change is missing; it stays incomplete until `clear` is called."""
        self.known = False

    def level(self, is_bid: bool, price: float, size: float) -> None:
        """Set the size of a level; a size of 0 or less removes the level.

        Raises:
            ConfigurationError: this side of the book would have more than 2^20 levels.
        """
        (self._bids if is_bid else self._asks).put(price, size)

    def clear_to(self, is_bid: bool, price: float) -> None:
        """Remove from one side of the book the level at `price` and all better ones: higher bids, or lower asks."""
        (self._bids if is_bid else self._asks).clear_to(price)

    def add(self, order_id: int, order: BookOrder) -> None:
        """Add an order; an order with the same id is replaced.

        Raises:
            ConfigurationError: the book would have more than 2^20 orders.
        """
        self.cancel(order_id)
        if len(self._orders) >= MOST_LEVELS:
            raise _too_many()
        self._orders[order_id] = order
        self._side(order).join(order.price, order.size)

    def cancel(self, order_id: int, size: float | None = None) -> bool:
        """Reduce an order by `size`, or remove it if `size` is None or at least its own size.

        Returns:
            Whether the book held an order with this id; if not, nothing changes.
        """
        order = self._orders.pop(order_id, None)
        if order is None:
            return False
        gone = order.size if size is None else min(size, order.size)
        self._side(order).leave(order.price, gone, gone >= order.size)
        if gone < order.size:
            self._orders[order_id] = order._replace(size=order.size - gone)
        return True

    @property
    def depth(self) -> tuple[int, int]:
        """Number of levels of bids, and number of levels of asks."""
        return len(self._bids), len(self._asks)

    def keep(self, depth: tuple[int, int]) -> None:
        """Remove the worst levels of each side, so that at most a given number of levels remains.

        For feeds that report changes of the best levels only: levels further away would become stale.

        Args:
            depth: number of levels of bids, and of asks, that remain at most.
        """
        self._bids.keep(depth[0])
        self._asks.keep(depth[1])

    def changed(self) -> Top | None:
        """Best bid, its size, best ask and its size; None if they equal those that this method returned last.

        None also while the book is incomplete or one of its sides is empty. The method remembers what it returns.
        """
        bid, ask = self._bids.best(), self._asks.best()
        if not self.known or bid is None or ask is None:
            return None
        top = (*bid, *ask)
        if top == self._last:
            return None
        self._last = top
        return top

    def _side(self, order: BookOrder) -> Side:
        return self._bids if order.is_bid else self._asks


def _too_many() -> ConfigurationError:
    return ConfigurationError(
        f"expected at most {MOST_LEVELS:,} levels of a side or orders of a book; fix: a file of quotes or trades"
    )
