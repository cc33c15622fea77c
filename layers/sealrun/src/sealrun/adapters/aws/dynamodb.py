"""The ledger on DynamoDB: one table, one item per offer, call, run, identifier and counter.

``dynamodb_keys`` has their keys, ``dynamodb_accounts`` the items of prepaid accounts.
"""

import hashlib
import random
import secrets
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sealrun.adapters.aws import dynamodb_accounts as accounts
from sealrun.adapters.aws import dynamodb_keys as keys
from sealrun.adapters.aws import dynamodb_load as load
from sealrun.adapters.aws import dynamodb_shards as shards
from sealrun.adapters.aws import dynamodb_shown
from sealrun.adapters.aws.dynamodb_table import Table, count
from sealrun.errors import Refused, StoreUnavailable, TooMany
from sealrun.money.dues import Due, DueLeaf
from sealrun.money.vouchers import Deposits, Reserve, Standing, concluded
from sealrun.offers.offer import Offer, kept_offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import COUNTED, LISTED, Quota, Rate, Totals, places_of
from sealrun.runs.record import Record, RunKey, State
from sealrun.runs.stored_record import packed, unpacked

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Calls of one offer or account meet in the table. Of those that do, DynamoDB lets one through and cancels
# the others at once: each waits for a random time, in seconds, up to twice as long with every attempt.
ATTEMPTS = 8
# A run that was judged and stored waits longer for its leaf: calls of one account may end together.
CONCLUDING_ATTEMPTS = 30
FIRST_PAUSE = 0.02
# Of an offer's faults; the longest rest begins sooner.
MOST_WITNESSES = 64
LONGEST_PAUSE = 1.0


class DynamoLedger:
    """``sealrun.ports.calls.Ledger`` over one table. Reads are consistent, except of ``unfinished``."""

    def __init__(self, client: "DynamoDBClient", *, table: str, serves: Collection[int] = ()) -> None:
        """``serves`` are the offers of one stack among those that share the table (A3); none means all."""
        self._table = Table(client, table)
        self._serves = tuple(serves)
        self._places: dict[tuple[int, int, int], tuple[int, str]] = {}  # that this process took
        self._documents: dict[int, Offer] = {}  # by their hash, so never out of date; as many as are sold

    def offer(self, offer_hash: int) -> StoredOffer | None:
        if self._foreign(offer_hash):
            return None
        return self._stored(offer_hash, self._table.get(_offer_key(offer_hash)))

    def offers_of(self, offer_hashes: Sequence[int]) -> list[StoredOffer]:
        own = [each for each in offer_hashes if not self._foreign(each)]
        found = zip(own, self._table.get_all(*map(_offer_key, own)), strict=True)
        return [stored for each, item in found if (stored := self._stored(each, item))]

    def look(self, offer_hash: int, call_hash: int) -> tuple[StoredOffer | None, Record | None]:
        if self._foreign(offer_hash):
            return None, None
        offer, call = self._table.get_all(_offer_key(offer_hash), _call_key(call_hash))
        return self._stored(offer_hash, offer), _record(call)

    def _foreign(self, offer_hash: int) -> bool:
        """Known without asking: a stack has no right to read what it does not serve."""
        return bool(self._serves) and offer_hash not in self._serves

    def _stored(self, offer_hash: int, item: dict[str, Any] | None) -> StoredOffer | None:
        if item is None:
            return None
        if offer_hash not in self._documents:
            offer = kept_offer(item["document"]["B"])
            if offer is None:
                return None
            self._documents[offer_hash] = offer
        return StoredOffer(
            offer=self._documents[offer_hash],
            closed=item["closed"]["S"],
            sealed=item["sealed"]["B"],
            sealing_key=item["sealing_key"]["B"],
            webhook_secret=item["webhook_secret"]["B"],
            suspended=item.get("suspended", {"S": ""})["S"],
            dropped={asset: each["S"] for asset, each in item.get("dropped", {"M": {}})["M"].items()},
            paused=item.get("paused", {"S": ""})["S"],
            resting=item.get("resting", {"S": ""})["S"],
            shows_runs=item.get("shows_runs", {"BOOL": None})["BOOL"],
            rests_until=int(item.get("rests_until", {"N": "0"})["N"]),
            faults=len(item.get("witnesses", {"SS": []})["SS"]),
            quotas={buyer: int(each["N"]) for buyer, each in item.get("quotas", {"M": {}})["M"].items()},
            delivered_at=int(item.get("delivered_at", {"N": "0"})["N"]),
        )

    def document(self, offer_hash: int) -> Offer | None:
        if known := self._documents.get(offer_hash):
            return known
        stored = self.offer(offer_hash)
        return stored.offer if stored else None

    def published(self) -> list[int]:
        if self._serves:
            return list(self._serves)
        query = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": keys.listed_key("")["pk"]},
        }
        return [int(item["sk"]["S"], 16) for item in self._table.items(**query)]

    def publish(self, stored: StoredOffer) -> None:
        """Put an offer up for sale; publishing it again leaves the first as it is."""
        item = {
            **keys.offer_key(stored.offer.id),
            "document": {"B": stored.offer.document},
            "closed": {"S": stored.closed},
            "sealed": {"B": stored.sealed},
            "sealing_key": {"B": stored.sealing_key},
            "webhook_secret": {"B": stored.webhook_secret},
            "suspended": {"S": stored.suspended},
            "dropped": _texts(stored.dropped),
        }
        listed = keys.listed_key(stored.offer.id)
        self._table.failed({"offer": self._table.new(item), "listed": self._table.put(listed)})

    def close_offer(self, offer_hash: int, reason: str, *, anew: bool = False) -> None:
        still = {} if anew else {":open": {"S": ""}}
        self._table.call(
            "update_item",
            Key=_offer_key(offer_hash),
            UpdateExpression="SET closed = :closed",
            ConditionExpression="attribute_exists(pk)" if anew else "closed = :open",
            ExpressionAttributeValues={":closed": {"S": reason[:500]}, **still},
        )

    def suspend_offer(self, offer_hash: int, reason: str) -> None:
        self._set(offer_hash, {"suspended": {"S": reason[:500]}})

    def drop_prices(self, offer_hash: int, reasons: Mapping[str, str]) -> None:
        self._set(offer_hash, {"dropped": _texts(reasons)})

    def note_visibility(self, offer_hash: int, *, shows_runs: bool) -> None:
        self._set(offer_hash, {"shows_runs": {"BOOL": shows_runs}})

    def note_delivery(self, offer_hash: int, *, now: int) -> None:
        self._set(offer_hash, {"delivered_at": {"N": str(now)}})

    def pause_offer(self, offer_hash: int, reason: str) -> None:
        self._set(offer_hash, {"paused": {"S": reason[:500]}})

    def replace_credential(self, offer_hash: int, *, sealed: bytes, sealing_key: bytes) -> None:
        changed = self._table.call(
            "update_item",
            Key=_offer_key(offer_hash),
            UpdateExpression="SET sealed = :sealed, sealing_key = :key",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":sealed": {"B": sealed}, ":key": {"B": sealing_key}},
        )
        if changed is None:
            raise StoreUnavailable(f"table: expected the offer {offer_hash:064x}, got none")

    def count_request(self, rate: Rate) -> bool:
        return self._table.call("update_item", **_rate_counter(rate)) is not None

    def record(self, call_hash: int) -> Record | None:
        return _record(self._table.get(_call_key(call_hash)))

    def records_of(self, call_hashes: Sequence[int]) -> list[Record]:
        items = self._table.get_all(*map(_call_key, call_hashes))
        return [record for item in items if (record := _record(item))]

    def calls_of(self, account: str, *, most: int, after: tuple[int, int] | None = None) -> list[Record]:
        partition = {"S": keys.called_by(account)}
        query: dict[str, Any] = {
            "IndexName": keys.CALLED_INDEX,
            "KeyConditionExpression": "called_by = :by",
            "ExpressionAttributeValues": {":by": partition},
            "ScanIndexForward": False,
            "Limit": min(most, LISTED),
        }
        if after is not None:
            claimed_at, call_hash = after
            place = {"called_by": partition, "claimed_at": {"N": str(claimed_at)}}
            query["ExclusiveStartKey"] = {**_call_key(call_hash), **place}
        found = (self._table.call("query", **query) or {})["Items"]
        return self.records_of([int(keys.call_of(item), 16) for item in found])

    def claim(
        self,
        record: Record,
        offer: Offer,
        *,
        identifier: str | None,
        rate: Rate | None = None,
        reserve: Reserve | None = None,
        quotas: Sequence[Quota] = (),
    ) -> bool:
        items = {"call": self._table.new(_call_item(record, offer))}
        if identifier is not None:
            key = keys.identifier_key(record.account, identifier)
            items["identifier"] = self._table.new_or_freed({**key, "call": {"S": record.id}}, by="call")
        if rate is not None:
            items["rate"] = self._table.update(_rate_counter(rate))
        if offer.limits.minutes > offer.limits.minutes_per_month:
            raise shards.too_much_runs(offer)
        for attempt in range(ATTEMPTS):
            try:
                counted = self._counted(record, offer, quotas, reserve)
            except Refused:
                if self._is_taken(record, identifier):
                    return False
                raise
            failed = self._table.failed({**items, **counted})
            if not failed:
                return True
            if failed & {"call", "identifier"}:
                return False
            if "rate" in failed:
                raise TooMany("calls: expected fewer in a minute, got more", retry_after=60)
            _pause(attempt)
        raise StoreUnavailable("table: expected a claim, got in the way of other calls")

    def _counted(
        self, record: Record, offer: Offer, quotas: Sequence[Quota], reserve: Reserve | None
    ) -> dict[str, Any]:
        """The items that count the claim, of the holders, the offer and the account as they are now.

        Raises:
            NotCovered: limit or funds do not cover it.
            Refused: the account's first call was under other terms.
            TooMany: one of them has no room.
        """
        wanted = [keys.load_key(offer.id, own.holder) for own in quotas]
        wanted.append(keys.load_shard_key(offer.id, shards.named(record, offer)))
        wanted += [keys.account_key(record.account)] if reserve else []
        items = self._items(*wanted)
        holders, shard, account = items[: len(quotas)], items[len(quotas)], items[-1]
        counted = load.taken(record, offer, quotas, holders)
        counted["load"] = shards.taken(record, offer, shard, self._table)
        updates = {name: self._table.update(update) for name, update in counted.items()}
        return (
            updates if reserve is None else {**updates, "account": self._reserving(record, reserve, account)}
        )

    def _is_taken(self, record: Record, identifier: str | None) -> bool:
        """True where call or identifier are there already."""
        known = self.record(record.call_hash) is not None
        return known or (identifier is not None and self.call_named(record.account, identifier) is not None)

    def _items(self, *wanted: dict[str, Any]) -> list[dict[str, Any] | None]:
        return self._table.get_all(*wanted)

    def _reserving(self, record: Record, reserve: Reserve, item: dict[str, Any] | None) -> dict[str, Any]:
        """The item that reserves the price on the account as it is now."""
        before = accounts.standing(item) if item else None
        reserve.check_terms(before)
        reserve = reserve.beside(before)
        reserve.check_room(before or reserve.opened(record.offer_hash))
        if item is None:
            return self._table.new(accounts.opening(record, reserve))
        if accounts.failed_today(record, item) >= reserve.failed_per_day:
            most = "no more in a day than the offer allows, running ones included"
            raise TooMany(f"failed runs: expected {most}, got more", retry_after=shards.RUNNING_SECONDS)
        return self._table.update(accounts.reserving(record, reserve, item))

    def save(self, before: Record, after: Record) -> bool:
        """Raises ValueError for two records of different calls."""
        if before.call_hash != after.call_hash:
            raise ValueError(f"record: expected one of call {before.id}, got one of {after.id}")
        offer = self.document(after.offer_hash)
        replaced = {
            **self._table.put(_call_item(after, offer))["Put"],
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": {":version": {"N": str(before.version)}},
        }
        items: dict[str, Any] = {"call": {"Put": replaced}}
        if offer and after.run_id and not before.run_id:
            # Alone, which costs half of what a transaction takes. Without the record it only wakes in vain.
            self._table.call("put_item", Item=_run_item(after.run_key(offer), after))
        if offer and after.holder and after.state.over and not before.state.over:
            hour = load.seller_at_fault(after)
            back = load.given_back(before, after, offer, hour=hour)
            back["load"] = shards.given_back(after, offer, hour=hour)
            items |= {name: self._table.update(update) for name, update in back.items()}
        if after.ticket and after.state is State.NEVER_STARTED:
            freed = {**keys.identifier_key(after.account, after.ticket), "call": {"S": ""}}
            items["identifier"] = self._table.put(freed)
        for attempt in range(CONCLUDING_ATTEMPTS):
            # One that ends without a receipt has no leaf: what it reserved stays.
            if after.price and after.receipt is not None and not before.state.over:
                items |= self._concluding(after)
                # The call's item tells which leaf is its own.
                replaced["Item"]["leaf"] = {"N": str(items.pop("number"))}
            failed = self._table.failed(items)
            if not failed or "call" in failed:
                return not failed
            _pause(attempt)
        raise StoreUnavailable("table: expected to conclude a call, got in the way of others")

    def _concluding(self, after: Record) -> dict[str, Any]:
        """The items that make the price due or free it, with the call's leaf (A8)."""
        standing = self.standing(after.account)
        if standing is None or after.ending is None:
            raise StoreUnavailable("table: expected the account of a paid call, got none")
        then, leaf = concluded(standing, after)
        return {
            "account": self._table.update(accounts.concluding(after, standing, then)),
            "leaf": self._table.new(accounts.leaf_item(after.account, leaf)),
            "number": leaf.index,
        }

    def call_named(self, account: str, identifier: str) -> int | None:
        item = self._table.get(keys.identifier_key(account, identifier))
        return int(item["call"]["S"], 16) if item and item["call"]["S"] else None

    def standing(self, account: str) -> Standing | None:
        item = self._table.get(keys.account_key(account))
        return accounts.standing(item) if item else None

    def leaf(self, account: str, call_hash: int) -> DueLeaf | None:
        item = self._table.get(_call_key(call_hash), ProjectionExpression="leaf")
        if item is None or "leaf" not in item:
            return None
        found = self.leaves(account, [int(item["leaf"]["N"])])
        return next(
            (leaf for leaf in found if leaf.call_hash == call_hash), None
        )  # or it is another account's

    def leaves(self, account: str, indices: Sequence[int]) -> list[DueLeaf]:
        wanted = [keys.leaf_key(account, index) for index in indices]
        items = self._table.get_all(*wanted) if wanted else []
        return [accounts.leaf(item) for item in items if item]

    def keep_due(self, due: Due) -> None:
        self._table.call("put_item", Item=accounts.due_item(due))

    def settled(self, account: str, count: int) -> tuple[int, int] | None:
        item = self._table.get(keys.due_key(account, count))
        return (int(item["amount"]["N"]), int(item["root"]["S"])) if item else None

    def deposits(self, account: str, depth: int) -> Deposits:
        return accounts.deposits(self._table.get(keys.deposits_key(account, depth)))

    def note_deposits(self, account: str, depth: int, deposits: Deposits) -> None:
        self._table.call("put_item", Item=accounts.deposits_item(account, depth, deposits))

    def take_token(self, issuer: str, jti: str, *, call_hash: int) -> bool:
        digest = hashlib.sha256(f"{issuer}\0{jti}".encode()).hexdigest()
        item = {**keys.token_key(digest), "call": {"S": f"{call_hash:064x}"}}
        taken = self._table.call(
            "put_item",
            Item=item,
            ConditionExpression="attribute_not_exists(pk) OR #call = :call",
            ExpressionAttributeNames={"#call": "call"},
            ExpressionAttributeValues={":call": item["call"]},
        )
        return taken is not None

    def call_of_run(self, run: RunKey) -> int | None:
        item = self._table.get(keys.run_key(run))
        return int(item["call"]["S"], 16) if item else None

    def unfinished(self, *, due_before: int, limit: int) -> list[int]:
        due_calls: list[tuple[int, int, int]] = []  # rank within its offer, when it is due, call hash
        for offer_hash in self.published():
            due = sorted(self._due(offer_hash, due_before, limit))
            due_calls += [(rank, wake_at, call_hash) for rank, (wake_at, call_hash) in enumerate(due)]
        return [call_hash for _, _, call_hash in sorted(due_calls)[:limit]]

    def _due(self, offer_hash: int, due_before: int, limit: int) -> Iterator[tuple[int, int]]:
        for partition in self._partitions(keys.SHARD, offer_hash):
            answer = self._table.call(
                "query",
                IndexName=keys.WAKE_INDEX,
                KeyConditionExpression="wake_shard = :shard AND wake_at <= :now",
                ExpressionAttributeValues={":shard": {"S": partition}, ":now": {"N": str(due_before)}},
                Limit=limit,
            )
            for item in (answer or {}).get("Items", []):
                yield int(item["wake_at"]["N"]), int(keys.call_of(item), 16)

    def totals(self, offer: Offer) -> Totals:
        return shards.totals(offer, self._table)

    def count_late(self, offer: Offer, *, claimed_before: int) -> int:
        query = {
            "KeyConditionExpression": "listed_in = :in AND claimed_at < :before",
            "IndexName": keys.LIST_INDEX,
            "Select": "COUNT",
            "Limit": COUNTED,
        }
        late = 0
        for partition in shards.partitions(keys.OPEN, offer):
            values = {":in": {"S": partition}, ":before": {"N": str(claimed_before)}}
            late += (self._table.call("query", ExpressionAttributeValues=values, **query) or {})["Count"]
        return min(late, COUNTED)

    def _partitions(self, kind: str, offer_hash: int) -> list[str]:
        """Those of an offer of an older sealrun are not known, so all that there may be."""
        offer = self.document(offer_hash)
        return shards.partitions(kind, offer) if offer else shards.any_partitions(kind, offer_hash)

    def newest(self, offer_hash: int, *, most: int, unfinished: bool = False) -> list[Record]:
        most = min(most, LISTED)
        kinds = (keys.OPEN,) if unfinished else (keys.OPEN, keys.OVER)
        found: list[dict[str, Any]] = []
        for partition in (each for kind in kinds for each in self._partitions(kind, offer_hash)):
            answer = self._table.call(
                "query",
                IndexName=keys.LIST_INDEX,
                KeyConditionExpression="listed_in = :in",
                ExpressionAttributeValues={":in": {"S": partition}},
                ScanIndexForward=False,
                Limit=most,
            )
            found += (answer or {})["Items"]
        newest = sorted(found, key=lambda item: -int(item["claimed_at"]["N"]))[:most]
        items = self._table.get_all(*({name: item[name] for name in keys.KEY} for item in newest))
        return [record for item in items if (record := _record(item))]

    def ended(self, offer_hash: int, *, most: int, after: tuple[int, int] | None = None) -> list[Record]:
        most, found = min(most, LISTED), list[tuple[int, int, int]]()  # the order, and call hash
        partitions = self._partitions(keys.OVER, offer_hash)
        for shard, partition in enumerate(partitions):
            place = _place_in(partition, shard, len(partitions), after)
            values = {":in": {"S": partition}, **place.pop("values")}
            query = {"IndexName": keys.LIST_INDEX, "ScanIndexForward": False, "Limit": most, **place}
            answer = self._table.call("query", ExpressionAttributeValues=values, **query)
            found += [
                (-int(item["claimed_at"]["N"]), shard, int(keys.call_of(item), 16))
                for item in (answer or {})["Items"]
            ]
        newest = sorted(found, key=lambda each: each[:2])[:most]
        return self.records_of([call_hash for _, _, call_hash in newest])

    def take_place(
        self,
        offer_hash: int,
        call_hash: int,
        *,
        now: int,
        until: int,
        spoiled: bool = False,
        start: bool = False,
    ) -> bool:
        among, mark = places_of(spoiled=False, start=start), secrets.token_hex(8)
        for number in load.places_from(call_hash, places_of(spoiled=spoiled, start=start)):
            update = load.place(offer_hash, call_hash, number, mark, among=among, now=now, until=until)
            if self._table.call("update_item", **update) is not None:
                self._places[offer_hash, call_hash, until] = number, mark
                return True
        return False

    def leave_place(self, offer_hash: int, call_hash: int, *, until: int) -> None:
        taken = self._places.pop((offer_hash, call_hash, until), None)
        if taken is not None:
            self._table.call("update_item", **load.free_place(offer_hash, *taken))

    def count_fault(self, offer_hash: int, witness: str) -> int:
        changed = self._table.call(
            "update_item",
            Key=_offer_key(offer_hash),
            UpdateExpression="ADD witnesses :witness",
            ConditionExpression="attribute_exists(pk) AND "
            "(attribute_not_exists(witnesses) OR size(witnesses) < :most)",
            ExpressionAttributeValues={":witness": {"SS": [witness]}, ":most": {"N": str(MOST_WITNESSES)}},
            ReturnValues="ALL_NEW",
        )
        return len(changed["Attributes"]["witnesses"]["SS"]) if changed else MOST_WITNESSES

    def testify(self, account: str, *, paid: int, price: int) -> bool:
        if paid < price:
            return False
        changed = self._table.call(
            "update_item",
            Key=keys.account_key(account),
            UpdateExpression="SET testified = :paid",
            ConditionExpression="attribute_exists(pk) AND "
            "(attribute_not_exists(testified) OR testified <= :before)",
            ExpressionAttributeValues={":paid": {"N": str(paid)}, ":before": {"N": str(paid - price)}},
        )
        return changed is not None

    def forget_faults(self, offer_hash: int) -> None:
        self._table.call(
            "update_item",
            Key=_offer_key(offer_hash),
            UpdateExpression="REMOVE witnesses",
            ConditionExpression="attribute_exists(pk)",
        )

    def rest_offer(self, offer_hash: int, reason: str, *, until: int) -> None:
        self._set(offer_hash, {"resting": {"S": reason[:500]}, "rests_until": {"N": str(until)}})

    def _set(self, offer_hash: int, values: dict[str, Any]) -> None:
        """Set these attributes of an offer that is there."""
        self._table.call(
            "update_item",
            Key=_offer_key(offer_hash),
            UpdateExpression=f"SET {', '.join(f'{name} = :{name}' for name in values)}",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)))  # noqa: S311


def _place_in(
    partition: str, shard: int, shards_in_all: int, after: tuple[int, int] | None
) -> dict[str, Any]:
    """Where a shard of an offer's calls goes on behind one of them, in order of time and then of shards."""
    within = "listed_in = :in"
    if after is None:
        return {"KeyConditionExpression": within, "values": {}}
    claimed_at, call_hash = after
    time = {"N": str(claimed_at)}
    own = call_hash % shards_in_all
    if shard == own:
        start = {**_call_key(call_hash), "listed_in": {"S": partition}, "claimed_at": time}
        return {"KeyConditionExpression": within, "values": {}, "ExclusiveStartKey": start}
    compared = "<" if shard < own else "<="
    return {"KeyConditionExpression": f"{within} AND claimed_at {compared} :at", "values": {":at": time}}


def _rate_counter(rate: Rate) -> dict[str, Any]:
    """The source is kept as a hash only: an address is nobody's business here."""
    digest = hashlib.sha256(rate.source.encode()).hexdigest()[:32]
    return count(keys.rate_counter(digest, rate.minute), rate.limit, until=rate.minute * 60)


def _texts(values: Mapping[str, str]) -> dict[str, Any]:
    return {"M": {name: {"S": text[:500]} for name, text in values.items()}}


def _record(item: dict[str, Any] | None) -> Record | None:
    return unpacked(item["record"]["B"]) if item else None


def _offer_key(offer_hash: int) -> dict[str, Any]:
    return keys.offer_key(f"{offer_hash:064x}")


def _call_key(call_hash: int) -> dict[str, Any]:
    return keys.call_key(f"{call_hash:064x}")


def _run_item(run: RunKey, record: Record) -> dict[str, Any]:
    return {**keys.run_key(run), "call": {"S": record.id}}


def _call_item(record: Record, offer: Offer | None) -> dict[str, Any]:
    """The item of a call; of an offer that is not here any more no shard is known."""
    name, shard = f"{record.offer_hash:064x}", shards.named(record, offer) if offer else 0
    kind = keys.OVER if record.state.over else keys.OPEN
    item = {
        **_call_key(record.call_hash),
        "version": {"N": str(record.version)},
        "record": {"B": packed(record)},
        # What the control plane may read: it has no right to the record, which holds the buyer's inputs.
        "shown": {"B": dynamodb_shown.packed(record.shown())},
        "listed_in": {"S": keys.listed_in(kind, name, shard)},
        "called_by": {"S": keys.called_by(record.account)},
        "claimed_at": {"N": str(record.claimed_at)},
    }
    if not record.state.over:
        item |= {"wake_shard": {"S": keys.wake_shard(name, shard)}, "wake_at": {"N": str(record.wake_at)}}
    return item
