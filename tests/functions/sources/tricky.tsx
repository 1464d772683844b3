export const View = ({ name }: Props) => {
  const onClick = () => { };
  return <div onClick={() => 1}>{name}</div>;
};
