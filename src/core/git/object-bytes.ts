/** An object's bytes inside a larger array. Valid for as long as it is held. */
export interface ObjectBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly from: number;
  readonly size: number;
}
