/**
 * Filters on `members` of a group and `groups` of a user (RFC 7644 section 3.4.2.2). Memberships are documents of their
 * own, so such a filter first becomes a query on them; the ids it finds are what the query on resources asks for.
 */
import { type Filter } from '../domain/filter/ast';
import { DomainError } from '../domain/error';
import { matchesElement, subAttributeOf } from '../domain/filter/match';
import { type AttributeDefinition } from '../domain/schema';
import { compare, type Query } from './filter-comparison';

/** `members`: the filter is about groups. `groups`: it is about users. */
export type MembershipAttribute = 'members' | 'groups';

/** What filters need to know of memberships and of the names of those who take part in them. */
export interface MembershipSource {
  /** Ids of the groups (`members`) or of the members (`groups`) that have a membership the query matches. */
  owners(attribute: MembershipAttribute, query: Query): Promise<readonly string[]>;
  /** Ids of the resources that match. */
  resources(query: Query): Promise<readonly string[]>;
}

type Leaf = Extract<Filter, { type: 'compare' | 'present' }>;

/** The field of a membership that is the `value` of an element. */
const VALUE: Readonly<Record<MembershipAttribute, string>> = {
  members: 'memberId',
  groups: 'groupId',
};

export class MembershipQuery {
  private readonly name: MembershipAttribute;

  constructor(
    private readonly attribute: AttributeDefinition,
    private readonly source: MembershipSource,
  ) {
    this.name = attribute.name === 'members' ? 'members' : 'groups';
  }

  /** Resources one of whose elements matches; paths in the filter name sub-attributes. */
  async some(filter: Filter): Promise<Query> {
    return { _id: { $in: await this.source.owners(this.name, await this.element(filter)) } };
  }

  /** A comparison outside of brackets: `ne` is the opposite of `eq`, and null means that there is no element. */
  async compared(leaf: Extract<Filter, { type: 'compare' }>): Promise<Query> {
    const { operator, value, path } = leaf;
    if (operator !== 'ne' && value !== null) return this.some(leaf);
    const positive: Filter =
      value === null ? { type: 'present', path } : { ...leaf, operator: 'eq' };
    const found = await this.some(positive);
    return (operator === 'eq') === (value === null) ? { $nor: [found] } : found;
  }

  private async element(filter: Filter): Promise<Query> {
    switch (filter.type) {
      case 'and':
        return { $and: await this.all(filter.filters) };
      case 'or':
        return { $or: await this.all(filter.filters) };
      case 'not':
        return { $nor: [await this.element(filter.filter)] };
      case 'valuePath':
        throw new DomainError('invalidFilter', 'A [filter] cannot stand inside another [filter].');
      default:
        return this.leaf(filter);
    }
  }

  private all(filters: readonly Filter[]): Promise<Query[]> {
    return Promise.all(filters.map((filter) => this.element(filter)));
  }

  private async leaf(leaf: Leaf): Promise<Query> {
    const sub = subAttributeOf(this.attribute, leaf.path);
    switch (sub.name) {
      case 'value':
        return leaf.type === 'present' ? {} : this.comparison(VALUE[this.name], sub, leaf);
      case 'display': {
        const named =
          leaf.type === 'present'
            ? { 'norm.displayName': { $exists: true } }
            : this.comparison('norm.displayName', sub, leaf);
        return { [VALUE[this.name]]: { $in: await this.source.resources(named) } };
      }
      case 'type':
        return this.ofType(leaf);
      default:
        throw new DomainError(
          'invalidFilter',
          `"${this.name}.${sub.name}" cannot be used in a filter. Use "${this.name}.value".`,
        );
    }
  }

  private comparison(
    field: string,
    definition: AttributeDefinition,
    leaf: Extract<Filter, { type: 'compare' }>,
  ): Query {
    return compare(field, definition, leaf.operator, leaf.value);
  }

  /** A member's type is its resource type; a user is a direct member of all its groups. */
  private ofType(leaf: Leaf): Query {
    const matching = (type: string): boolean => matchesElement(leaf, { type }, this.attribute);
    if (this.name === 'groups') return matching('direct') ? {} : { memberType: { $in: [] } };
    const named = leaf.type === 'compare' && typeof leaf.value === 'string' ? [leaf.value] : [];
    const known = this.attribute.subAttributes?.find((sub) => sub.name === 'type')?.canonicalValues;
    const types = [...new Set([...(known ?? []), ...named])];
    // A type of its own that no list names differs from all of these.
    return matching('')
      ? { memberType: { $nin: types.filter((type) => !matching(type)) } }
      : { memberType: { $in: types.filter(matching) } };
  }
}
