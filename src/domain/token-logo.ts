/** Images that authentication tokens show, kept in a list from which rules choose (requirement A7). */

export const LOGO_TYPES = ['image/png', 'image/jpeg'] as const;

export type LogoType = (typeof LOGO_TYPES)[number];

export const MAX_LOGO_BYTES = 64 * 1024;

/** More are a mistake; each is held by the database. */
export const MAX_LOGOS = 1_000;

export interface TokenLogo {
  readonly id: string;
  readonly name: string;
  readonly type: LogoType;
  readonly bytes: number;
  readonly createdAt: Date;
}

export interface LogoImage {
  readonly type: LogoType;
  readonly image: Buffer;
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const PNG_FIRST_CHUNK = Buffer.from('IHDR', 'latin1');
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);
const JPEG_END = Buffer.from([0xff, 0xd9]);

/** What the image is by its own bytes, whatever its sender calls it; undefined: neither of the two. */
export function logoTypeOf(image: Buffer): LogoType | undefined {
  if (image.subarray(0, 8).equals(PNG) && image.subarray(12, 16).equals(PNG_FIRST_CHUNK)) {
    return 'image/png';
  }
  if (image.subarray(0, 3).equals(JPEG) && image.subarray(-2).equals(JPEG_END)) {
    return 'image/jpeg';
  }
  return undefined;
}

/** Token logos; names are unique regardless of case (`uniqueness`). */
export interface TokenLogoStore {
  insert(logo: { readonly name: string } & LogoImage): Promise<TokenLogo>;
  findAll(ids: readonly string[]): Promise<readonly TokenLogo[]>;
  image(id: string): Promise<LogoImage | undefined>;
  list(query: { readonly after?: string; readonly limit: number }): Promise<{
    readonly items: readonly TokenLogo[];
    readonly hasMore: boolean;
  }>;
  count(): Promise<number>;
  /** False: there is none. */
  remove(id: string): Promise<boolean>;
}
